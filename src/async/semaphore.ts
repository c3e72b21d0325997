/** Limits how much work runs at once; more work waits in order. */
export class Semaphore {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** @param count The limit. */
  constructor(count: number) {
    this.#free = count;
  }

  /** Runs work as soon as the limit allows. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      // The slot passes directly to the longest waiter: newcomers queue
      // behind.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}
