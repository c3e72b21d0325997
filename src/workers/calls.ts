import type { SentError } from "./messages.ts";
import { receiveError } from "./sent_error.ts";

/** The reply to a call. */
export interface Returned {
  readonly result: unknown;
  readonly texts: readonly string[];
}

/** Pending calls to another process. */
export class Calls {
  readonly #waiting = new Map<number, PromiseWithResolvers<Returned>>();
  #last = 0;
  #failure: Error | undefined;

  /**
   * Makes a call and waits for the reply.
   *
   * @param send Sends the call with this id.
   * @throws {unknown} The error of `send` or of the called process, or the
   * reason why the link ended.
   */
  async make(send: (id: number) => void): Promise<Returned> {
    if (this.#failure) throw this.#failure;
    const id = ++this.#last;
    send(id);
    const waiting = Promise.withResolvers<Returned>();
    this.#waiting.set(id, waiting);
    return await waiting.promise;
  }

  /** Resolves a call; ignores an unknown id. */
  resolve(id: number, returned: Returned): void {
    this.#take(id)?.resolve(returned);
  }

  /** Rejects a call. */
  reject(id: number, error: SentError): void {
    this.#take(id)?.reject(receiveError(error));
  }

  /** Rejects all pending and future calls: the called process has ended. */
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
