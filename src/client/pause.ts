/** The wait before a new attempt, which can be cut short. */
export class Pause {
  #end: (() => void) | undefined;

  /** Waits, in milliseconds. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.skip(), ms);
      this.#end = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Ends a wait, if there is one. */
  skip(): void {
    this.#end?.();
    this.#end = undefined;
  }
}
