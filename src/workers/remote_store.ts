import type { PublishOutcome, Store } from "../store/store.ts";
import type { Returned } from "./calls.ts";
import type { SettledOutcome, StoreCall, StoreResults } from "./messages.ts";
import { receiveError } from "./sent_error.ts";

/** The way to the supervisor's store. */
export interface StoreLink {
  /**
   * Calls a method.
   *
   * @throws {Error} What the method threw, or that the supervisor is gone.
   */
  call(call: StoreCall): Promise<Returned>;
  /** Tells how many watch a task here. */
  watch(connectionId: string, watchers: number): void;
}

/**
 * The store of a worker: the supervisor's, which it reaches over their link.
 * What that announces comes over the same link, before the results of the
 * calls that follow it.
 */
export function createRemoteStore(link: StoreLink): Store {
  async function ask<Method extends StoreCall["method"]>(
    asked: StoreCall & { readonly method: Method },
  ): Promise<StoreResults[Method]> {
    const { result } = await link.call(asked);
    return result as StoreResults[Method];
  }

  return {
    publish: (connectionId, change) =>
      ask({ method: "publish", connectionId, change }),
    async publishAll(publications) {
      const results = await ask({ method: "publishAll", publications });
      return results.map(receiveSettled);
    },
    async read(connectionId, since, limit) {
      const { result, texts } = await link.call({
        method: "read",
        connectionId,
        ...(since === undefined ? {} : { since }),
        ...(limit === undefined ? {} : { limit }),
      });
      const { events, ...view } = result as StoreResults["read"];
      return {
        ...view,
        events: events.map((offset, index) => ({
          offset,
          json: texts[index] ?? "",
        })),
      };
    },
    list: (query) => ask({ method: "list", query }),
    forget: (connectionId) => ask({ method: "forget", connectionId }),
    watch(connectionId, watchers) {
      // Nothing to wait for: what is called from here on comes after it.
      link.watch(connectionId, watchers);
      return Promise.resolve();
    },
    // Its owner closes it.
    close: () => Promise.resolve(),
  };
}

function receiveSettled(
  result: SettledOutcome,
): PromiseSettledResult<PublishOutcome> {
  return result.status === "fulfilled"
    ? result
    : { status: "rejected", reason: receiveError(result.reason) };
}
