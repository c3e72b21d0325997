import { TaskwireError } from "./api.ts";

/**
 * A queue of updates for one consumer. The queue grows if a consumer stops
 * reading without calling `return`, except for updates that replace the unread.
 */
export interface UpdateQueue<Update> extends AsyncIterableIterator<Update> {
  /** Adds an update, in place of the unread updates if `replaces` is true. */
  push(update: Update, replaces?: boolean): void;
  /** Ends the queue after the unread updates. An error is thrown once. */
  end(error?: TaskwireError): void;
  /** Drops the unread updates and ends the queue. */
  return(): Promise<IteratorResult<Update>>;
  /** True after the end, even with unread updates. */
  readonly isOver: boolean;
}

/**
 * Creates a queue.
 *
 * @param signals End the queue without an error.
 * @param onLeave Called when the consumer leaves.
 */
export function createUpdateQueue<Update>(
  signals: readonly (AbortSignal | undefined)[],
  onLeave: () => void,
): UpdateQueue<Update> {
  const unread: (Update | TaskwireError)[] = [];
  const over = new AbortController();
  const { signal } = over;
  let wake = () => {};

  async function* read(): AsyncGenerator<Update, undefined> {
    while (unread.length > 0 || !signal.aborted) {
      if (unread.length === 0) {
        await new Promise<void>((resolve) => wake = resolve);
      }
      for (const update of unread.splice(0)) {
        if (update instanceof TaskwireError) throw update;
        yield update;
      }
    }
  }

  const reader = read();
  const queue: UpdateQueue<Update> = {
    push(update, replaces) {
      if (replaces) unread.length = 0;
      unread.push(update);
      wake();
    },
    end(error) {
      if (signal.aborted) return;
      over.abort();
      if (error) unread.push(error);
      wake();
    },
    next: () => reader.next(),
    return() {
      unread.length = 0;
      queue.end();
      onLeave();
      return reader.return(undefined);
    },
    [Symbol.asyncIterator]: () => queue,
    get isOver() {
      return signal.aborted;
    },
  };
  for (const each of signals) {
    each?.addEventListener("abort", () => queue.return(), { signal });
    if (each?.aborted) queue.end();
  }
  return queue;
}
