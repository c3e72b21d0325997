import type { SentError } from "./messages.ts";
import { receiveError } from "./sent_error.ts";

/** What came back for a call. */
export interface Returned {
  readonly result: unknown;
  readonly texts: readonly string[];
}

/** Calls that wait for their results. */
export class Calls {
  readonly #waiting = new Map<number, PromiseWithResolvers<Returned>>();
  #last = 0;
  #failure: Error | undefined;

  /**
   * Waits for the result of a call.
   *
   * @param send Sends it, with the number by which its result is known.
   * @throws {unknown} What sending it threw, what the other side threw, or why
   * the link ended.
   */
  async make(send: (id: number) => void): Promise<Returned> {
    if (this.#failure) throw this.#failure;
    const id = ++this.#last;
    send(id);
    const waiting = Promise.withResolvers<Returned>();
    this.#waiting.set(id, waiting);
    return await waiting.promise;
  }

  /** Takes the result of a call; of one that nobody waits for, nothing. */
  resolve(id: number, returned: Returned): void {
    this.#take(id)?.resolve(returned);
  }

  /** Takes the error of a call. */
  reject(id: number, error: SentError): void {
    this.#take(id)?.reject(receiveError(error));
  }

  /** Fails those that wait, and those to come: nobody is there any more. */
  fail(error: Error): void {
    this.#failure = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  #take(id: number): PromiseWithResolvers<Returned> | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }
}
