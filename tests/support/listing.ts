import { createMemoryStore } from "../../src/store/memory/memory_store.ts";
import type { EventDraft } from "../../src/tasks/draft.ts";
import type { ListQuery, Store, TaskAudience } from "../../src/tasks/store.ts";
import { Hub } from "../../src/watch/hub.ts";
import { ListWatcher } from "../../src/watch/list_watcher.ts";
import { ClientList } from "./client_list.ts";
import { FakeOutlet } from "./fake_outlet.ts";

/** Called around the reads and lists of the store; `count` is 1 for the first call. */
export interface ListHooks {
  before?: (count: number) => unknown;
  /** Called after the store has answered, before the list gets the answer. */
  after?: (count: number) => unknown;
}

/** The topics that a {@linkcode Listing} follows, in order. */
export type Follow = (topic: string, isFollowed: boolean) => Promise<void>;

/** A real memory store with lists, and hooks into the lists' reads. */
export class Listing implements Disposable {
  readonly hub: Hub;
  readonly store: Store;
  readonly historyTtlMs: number;
  hooks: ListHooks = {};
  /** The calls of `list` and `read` so far. */
  readonly calls: ("list" | "read")[] = [];
  readonly #lists: ListWatcher[] = [];

  constructor(
    { historyTtlMs = 60_000, follow }: {
      historyTtlMs?: number;
      follow?: Follow;
    } = {},
  ) {
    this.historyTtlMs = historyTtlMs;
    this.hub = new Hub(undefined, {
      historyTtlMs,
      ...(follow ? { onTopic: follow } : {}),
    });
    this.store = createMemoryStore(
      { historyLimit: 100, historyTtlMs },
      (announcement) => this.hub.announce(announcement),
    );
  }

  async #hooked<T>(method: "list" | "read", call: () => Promise<T>) {
    this.calls.push(method);
    const count = this.calls.length;
    await this.hooks.before?.(count);
    const result = await call();
    await this.hooks.after?.(count);
    return result;
  }

  /** Publishes events of user 7's tasks, one after the other. */
  async put(id: string, ...drafts: readonly EventDraft[]): Promise<void> {
    for (const draft of drafts.length === 0 ? [{}] : drafts) {
      const { offset } = await this.store.read(id);
      const owner = offset === 0 ? { user_id: "7" } : {};
      const outcome = await this.store.publish(id, { ...owner, ...draft });
      if (outcome.kind !== "stored") throw new Error(outcome.kind);
    }
  }

  /** Opens a list, by default of user 7's tasks. */
  open(
    selection: Partial<ListQuery> = {},
    mayWatch: (taskId: string, task: TaskAudience) => boolean = () => true,
  ): OpenedList {
    const { hub, store } = this;
    const outlet = new FakeOutlet();
    const label = selection.labels?.[0];
    const list = new ListWatcher({
      name: "mine",
      topic: label === undefined ? "owner:7" : `label:${label}`,
      selection: {
        ...(label === undefined ? { owner: "7" } : {}),
        limit: 100,
        ...selection,
      },
      store: {
        list: (query) => this.#hooked("list", () => store.list(query)),
        read: (id) => this.#hooked("read", () => store.read(id)),
      },
      hub,
      outlet,
      mayWatch,
    });
    outlet.onEnd(() => list.stop());
    this.#lists.push(list);
    return {
      list,
      outlet,
      started: list.start(),
      get client() {
        return ClientList.of(outlet.frames);
      },
    };
  }

  [Symbol.dispose](): void {
    for (const list of this.#lists) list.stop();
  }
}

/** A list of a {@linkcode Listing}. */
export interface OpenedList {
  readonly list: ListWatcher;
  readonly outlet: FakeOutlet;
  readonly started: Promise<void>;
  /** The list as the client has it. */
  readonly client: ClientList;
}
