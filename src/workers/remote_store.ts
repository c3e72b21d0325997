import { settle } from "../async/settle.ts";
import type { EncodedEvent, PublishOutcome, Store } from "../tasks/store.ts";
import type { Topic } from "../tasks/topic.ts";
import { Semaphore } from "../async/semaphore.ts";
import type { Returned } from "./calls.ts";
import type { SettledOutcome, StoreCall, StoreResults } from "./messages.ts";
import { receiveError } from "./sent_error.ts";

/** The most concurrent reads: histories wait in two processes' buffers. */
const maxReads = 4;

/**
 * The most slices of histories at once. Slices waiting in the link survive into
 * the old generation, where garbage is collected late: with four slices at once,
 * the slow readers of a worker cost 100 MB of garbage.
 */
const maxSlices = 1;

/** The link to the supervisor's store. */
export interface StoreLink {
  /**
   * Calls a method.
   *
   * @throws {Error} The method's error, or an error if the supervisor has
   * ended.
   */
  call(call: StoreCall, texts?: readonly string[]): Promise<Returned>;
  /** Sends the numbers of a task's watchers and listeners in this worker. */
  watch(taskId: string, watchers: number, listeners: number): void;
  /** Starts or stops following a topic in this worker. */
  follow(topic: Topic, isFollowed: boolean): void;
}

/**
 * Makes a worker's store. Calls go to the supervisor's store over the link, and
 * changes are announced over the same link, ahead of the results of later calls.
 */
export function createRemoteStore(link: StoreLink): Store {
  const reads = new Semaphore(maxReads);
  const slices = new Semaphore(maxSlices);

  async function ask<Method extends StoreCall["method"]>(
    asked: StoreCall & { readonly method: Method },
  ): Promise<StoreResults[Method]> {
    const { result } = await link.call(asked);
    return result as StoreResults[Method];
  }

  return {
    publish: (taskId, change) => ask({ method: "publish", taskId, change }),
    async publishAll(publications) {
      // Encoded separately, because an encoding error must fail a single change
      // only.
      const encoded = publications.map((publication) =>
        settle(() => JSON.stringify(publication))
      );
      const texts = encoded.filter((text) => text.status === "fulfilled")
        .map(({ value }) => value);
      const { result } = await link.call({ method: "publishAll" }, texts);
      const results = (result as StoreResults["publishAll"]).values();
      return encoded.map((text) =>
        text.status === "rejected" ? text : receiveSettled(results.next().value)
      );
    },
    async read(taskId, since, limit, enough) {
      const { result, texts } = await reads.take(() =>
        link.call({
          method: "read",
          taskId,
          ...(since === undefined ? {} : { since }),
          ...(limit === undefined ? {} : { limit }),
          ...(enough === undefined ? {} : { enough }),
        })
      );
      const { events, ...view } = result as StoreResults["read"];
      return {
        ...view,
        state: view.state, // absent in JSON if undefined
        events: receiveEvents(events, texts),
      };
    },
    async readEvents(taskId, since, limit, enough) {
      const method = "readEvents";
      const { result, texts } = await slices.take(() =>
        link.call({ method, taskId, since, limit, enough })
      );
      const slice = result as StoreResults["readEvents"];
      return slice && { ...slice, events: receiveEvents(slice.events, texts) };
    },
    list: (query) => ask({ method: "list", query }),
    forget: (taskId, epoch) =>
      ask({
        method: "forget",
        taskId,
        ...(epoch === undefined ? {} : { epoch }),
      }),
    async backup() {
      const path = await ask({ method: "backup" });
      return {
        path,
        async [Symbol.asyncDispose]() {
          await ask({ method: "removeBackup", path });
        },
      };
    },
    watch(taskId, watchers, listeners = 0) {
      // No reply needed: later calls are processed later.
      link.watch(taskId, watchers, listeners);
      return Promise.resolve();
    },
    follow(topic, isFollowed) {
      link.follow(topic, isFollowed);
      return Promise.resolve();
    },
    // Closed by the supervisor.
    close: () => Promise.resolve(),
  };
}

function receiveEvents(
  offsets: readonly number[],
  texts: readonly string[],
): readonly EncodedEvent[] {
  return offsets.map((offset, index) => ({ offset, json: texts[index] ?? "" }));
}

function receiveSettled(
  result: SettledOutcome | undefined,
): PromiseSettledResult<PublishOutcome> {
  if (result === undefined) throw new TypeError("Missing result");
  return result.status === "fulfilled"
    ? result
    : { status: "rejected", reason: receiveError(result.reason) };
}
