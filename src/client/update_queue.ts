import { type TaskUpdate, TaskwireError } from "./api.ts";

/**
 * A queue of updates for one consumer. Updates are never merged or dropped: the
 * queue grows if a consumer stops reading without calling `return`.
 */
export class UpdateQueue implements AsyncIterableIterator<TaskUpdate> {
  #controller:
    | ReadableStreamDefaultController<TaskUpdate | TaskwireError>
    | undefined;
  readonly #reader: ReadableStreamDefaultReader<TaskUpdate | TaskwireError>;
  readonly #signals: readonly AbortSignal[];
  readonly #onLeave: () => void;
  readonly #onAbort = (): void => void this.return();
  #isOver = false;

  /**
   * @param signals End the queue without an error.
   * @param onLeave Called when the consumer leaves.
   */
  constructor(signals: readonly AbortSignal[], onLeave: () => void) {
    this.#signals = signals;
    this.#onLeave = onLeave;
    this.#reader = new ReadableStream<TaskUpdate | TaskwireError>({
      start: (controller) => {
        this.#controller = controller;
      },
    }).getReader();
    for (const signal of signals) {
      signal.addEventListener("abort", this.#onAbort);
    }
  }

  /** Adds an update. */
  push(update: TaskUpdate): void {
    this.#controller?.enqueue(update);
  }

  /** Ends the queue after the updates already in the queue. An error is thrown once. */
  end(error?: TaskwireError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const signal of this.#signals) {
      signal.removeEventListener("abort", this.#onAbort);
    }
    // `controller.error` would drop the queued updates.
    if (error) this.#controller?.enqueue(error);
    this.#controller?.close();
  }

  async next(): Promise<IteratorResult<TaskUpdate>> {
    const { done, value } = await this.#reader.read();
    if (value instanceof TaskwireError) throw value;
    return done ? { done, value } : { done, value };
  }

  async return(): Promise<IteratorResult<TaskUpdate>> {
    this.end();
    this.#onLeave();
    await this.#reader.cancel();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
