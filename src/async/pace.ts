import { setImmediate } from "node:timers";

/** The time that the work may take of one turn of the event loop, in milliseconds. */
const maxMsPerTurn = 5;

/**
 * Spreads synchronous work over turns of the event loop, in the order in which
 * it was asked for: a hundred clients that resume at once make nobody else
 * wait until all their histories are read.
 */
export class Pace {
  readonly #waiting: (() => void)[] = [];
  #spentMs = 0;
  #isNextTurnDue = false;

  /** Runs work now, or in one of the next turns. */
  run<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        try {
          resolve(work());
        } catch (error) {
          reject(error);
        }
      });
      this.#runWaiting();
    });
  }

  #runWaiting(): void {
    while (this.#waiting.length > 0 && this.#spentMs < maxMsPerTurn) {
      const startedAtMs = performance.now();
      this.#waiting.shift()?.();
      this.#spentMs += performance.now() - startedAtMs;
    }
    if (this.#isNextTurnDue) return;
    this.#isNextTurnDue = true;
    setImmediate(() => {
      this.#isNextTurnDue = false;
      this.#spentMs = 0;
      if (this.#waiting.length > 0) this.#runWaiting();
    });
  }
}
