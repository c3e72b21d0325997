/** Timers that can be cut short together. */
export class Pause {
  readonly #waiting = new Map<ReturnType<typeof setTimeout>, () => void>();
  #isOver = false;

  /** True once {@linkcode Pause.end} was called. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Resolves after a number of milliseconds, or at {@linkcode Pause.end}. */
  wait(durationMs: number): Promise<void> {
    if (this.#isOver) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(timer);
        resolve();
      }, durationMs);
      this.#waiting.set(timer, resolve);
    });
  }

  /** Resolves all waits now, and all later waits at once. */
  end(): void {
    this.#isOver = true;
    for (const [timer, resolve] of this.#waiting) {
      clearTimeout(timer);
      resolve();
    }
    this.#waiting.clear();
  }
}
