import { type TaskUpdate, TaskwireError } from "./api.ts";

/**
 * Updates on their way to one consumer. Merges and drops nothing, so a consumer
 * that stops to ask without `return` lets it grow.
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
   * @param signals Any of them ends it, quietly.
   * @param onLeave Called when the consumer wants no more.
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

  /** Hands on an update. */
  push(update: TaskUpdate): void {
    this.#controller?.enqueue(update);
  }

  /** Ends, after what was pushed; with an error, that is thrown once. */
  end(error?: TaskwireError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const signal of this.#signals) {
      signal.removeEventListener("abort", this.#onAbort);
    }
    // A stream that fails would drop what was pushed before.
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
