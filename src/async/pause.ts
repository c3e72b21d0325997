/** Waits that can be cut short. */
export class Pause {
  readonly #waiting = new Map<ReturnType<typeof setTimeout>, () => void>();
  #isOver = false;

  /** Whether nobody waits any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Resolves after so many milliseconds, or once all waiting is over. */
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

  /** Ends those that wait, and lets nobody wait any more. */
  end(): void {
    this.#isOver = true;
    for (const [timer, resolve] of this.#waiting) {
      clearTimeout(timer);
      resolve();
    }
    this.#waiting.clear();
  }
}
