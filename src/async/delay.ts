/** Resolves after so many milliseconds; 0 lets the rest of this turn of the event loop, and what waits, go first. */
export function delay(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
