/**
 * Resolves after a number of milliseconds. A delay of 0 lets the rest of this
 * event loop turn, and all queued work, go first.
 *
 * @param signal Ends the delay early.
 */
export function delay(
  durationMs: number,
  signal?: AbortSignal,
): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, durationMs);
    signal?.addEventListener("abort", end);
  });
}
