/**
 * Resolves after a number of milliseconds. A delay of 0 lets the rest of this
 * event loop turn, and all queued work, go first.
 */
export function delay(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
