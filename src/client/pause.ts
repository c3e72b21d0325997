/** The wait before a new attempt. `skip` ends the wait early. */
export class Pause {
  #end: (() => void) | undefined;

  /** Waits for a number of milliseconds. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.skip(), ms);
      this.#end = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Ends the current wait, if any. */
  skip(): void {
    this.#end?.();
    this.#end = undefined;
  }
}
