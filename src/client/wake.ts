interface Page extends EventTarget {
  readonly visibilityState: string;
}

/**
 * Listens for events after which an immediate attempt is worth while: the network
 * is back, or the page is visible again, perhaps after sleep.
 *
 * @returns A function to stop listening.
 */
export function onWake(listener: (isOnline: boolean) => void): () => void {
  const page = (globalThis as { readonly document?: Page }).document;
  const onOnline = () => listener(true);
  const onVisible = () => {
    if (page?.visibilityState === "visible") listener(false);
  };
  // Node has no global `addEventListener`.
  globalThis.addEventListener?.("online", onOnline);
  page?.addEventListener("visibilitychange", onVisible);
  return () => {
    globalThis.removeEventListener?.("online", onOnline);
    page?.removeEventListener("visibilitychange", onVisible);
  };
}
