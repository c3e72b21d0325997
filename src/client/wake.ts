interface Page extends EventTarget {
  readonly visibilityState: string;
}

/**
 * Listens for events after which an immediate attempt is worth while: the network
 * is back, or the page is visible again, perhaps after sleep.
 */
export function onWake(
  listener: (isOnline: boolean) => void,
  signal: AbortSignal,
): void {
  const page = (globalThis as { readonly document?: Page }).document;
  // Node has no global `addEventListener`.
  globalThis.addEventListener?.("online", () => listener(true), { signal });
  page?.addEventListener("visibilitychange", () => {
    if (page.visibilityState === "visible") listener(false);
  }, { signal });
}
