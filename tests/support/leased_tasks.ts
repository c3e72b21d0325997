import { createMemoryStore } from "../../src/store/memory/memory_store.ts";
import type { PublishOutcome, Store } from "../../src/tasks/store.ts";
import { LeaseKeeper } from "../../src/store/lease.ts";
import type { Change } from "../../src/tasks/state.ts";

/** Tasks in a real memory store, with a lease keeper; needs `FakeTime`. */
export class LeasedTasks {
  keeper = new LeaseKeeper();
  /** The announced events: `id status`. */
  readonly events: string[] = [];
  /** Called before every publish of a loss. A thrown error counts as the store's failure. */
  onLoss: () => void | Promise<void> = () => {};
  losses = 0;
  readonly store: Store;

  constructor(historyTtlMs = 1e12) {
    const store = createMemoryStore(
      { historyLimit: 100, historyTtlMs },
      (announcement) => {
        this.keeper.note(announcement);
        if (announcement.kind === "event") {
          const { connection_id, status } = announcement.event;
          this.events.push(`${connection_id} ${status}`);
        }
        return 0;
      },
    );
    this.store = {
      read: (...args) => store.read(...args),
      readEvents: (...args) => store.readEvents(...args),
      list: (query) => store.list(query),
      forget: (...args) => store.forget(...args),
      watch: (id, watchers) => store.watch(id, watchers),
      follow: (...args) => store.follow(...args),
      close: () => store.close(),
      publishAll: (all) => store.publishAll(all),
      publish: (id, change) => this.#publish(store, id, change),
    };
  }

  /** Starts tasks and lease keeper. */
  static async started(historyTtlMs?: number): Promise<LeasedTasks> {
    const tasks = new LeasedTasks(historyTtlMs);
    await tasks.keeper.start(tasks.store);
    return tasks;
  }

  /** A new process on the same store. */
  async restart(): Promise<void> {
    this.keeper.stop();
    this.keeper = new LeaseKeeper();
    await this.keeper.start(this.store);
  }

  /** The events announced since the last call. */
  takeEvents(): string[] {
    return this.events.splice(0);
  }

  async #publish(
    store: Store,
    id: string,
    change: Change,
  ): Promise<PublishOutcome> {
    if ("kind" in change && change.kind === "lost") {
      this.losses += 1;
      await this.onLoss();
    }
    return await store.publish(id, change);
  }
}
