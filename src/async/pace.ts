import { setImmediate } from "node:timers";

/** The share of each event loop turn that work may take, in milliseconds. */
const maxMsPerTurn = 5;

/**
 * Spreads synchronous work over turns of the event loop, in order of the calls.
 * Without it, a hundred clients that resume at once would block all clients
 * until a hundred histories are read.
 */
export class Pace {
  readonly #waiting: (() => void)[] = [];
  #spentMs = 0;
  #isNextTurnDue = false;

  /** Runs work now or in a later turn. */
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
