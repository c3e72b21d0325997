interface Page extends EventTarget {
  readonly visibilityState: string;
}

/**
 * Listens for what makes a new attempt worth while at once: the network is
 * back, or somebody looks at the page again, perhaps after sleep.
 *
 * @returns Stops listening.
 */
export function onWake(listener: (isOnline: boolean) => void): () => void {
  const page = (globalThis as { readonly document?: Page }).document;
  const onOnline = () => listener(true);
  const onVisible = () => {
    if (page?.visibilityState === "visible") listener(false);
  };
  // Node has no events of its own.
  globalThis.addEventListener?.("online", onOnline);
  page?.addEventListener("visibilitychange", onVisible);
  return () => {
    globalThis.removeEventListener?.("online", onOnline);
    page?.removeEventListener("visibilitychange", onVisible);
  };
}
