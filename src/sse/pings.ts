/**
 * Pings all open streams at an interval, with one shared timer. The timer runs
 * only while streams are open.
 */
export class SsePings {
  readonly #intervalMs: number;
  readonly #streams = new Set<() => void>();
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param intervalMs The interval in milliseconds; 0 turns pings off. */
  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /**
   * Adds a stream.
   *
   * @returns A function to remove the stream; safe to call repeatedly.
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
