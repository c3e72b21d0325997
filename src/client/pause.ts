/** The wait before a new attempt. */
export class Pause {
  /** Ends the current wait early. */
  skip: () => void = () => {};

  /** Waits for a number of milliseconds. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.skip = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
