/**
 * Calls every open stream at an interval, by one timer for all of them, which
 * runs only while there is one.
 */
export class SsePings {
  readonly #intervalMs: number;
  readonly #streams = new Set<() => void>();
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param intervalMs How often, in milliseconds; 0 for never. */
  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /**
   * Calls a stream from now on.
   *
   * @returns Ends that; harmless when repeated.
   */
  add(ping: () => void): () => void {
    if (this.#intervalMs === 0) return () => {};
    this.#streams.add(ping);
    this.#timer ??= setInterval(() => this.#pingAll(), this.#intervalMs);
    return () => {
      this.#streams.delete(ping);
      if (this.#streams.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  #pingAll(): void {
    for (const ping of this.#streams) ping();
  }
}
