import { closeCodes } from "../../src/protocol/close_codes.ts";
import { createMemoryStore } from "../../src/store/memory/memory_store.ts";
import type { HistorySlice, Retention, Store } from "../../src/tasks/store.ts";
import type { EventDraft } from "../../src/tasks/draft.ts";
import type { StreamPosition } from "../../src/tasks/event.ts";
import { Hub } from "../../src/watch/hub.ts";
import { TaskWatcher } from "../../src/watch/task_watcher.ts";
import type { Audience } from "../../src/watch/task_watcher_options.ts";
import { FakeOutlet } from "./fake_outlet.ts";

/** The id of the watched task. */
export const watchedId = "upload_123456";

/** Called around reads of the store; `count` is 1 for the first read. */
export interface ReadHooks {
  before?: (count: number) => unknown;
  /** Called after the store has made the view, before the reader gets the view. */
  after?: (count: number, view: HistorySlice | undefined) => unknown;
}

/** A task in a real memory store, with hooks into reads. */
export class WatchedTask {
  readonly hub = new Hub();
  hooks: ReadHooks = {};
  reads = 0;
  /** The number of events merged into later events. */
  merged = 0;
  readonly store: Store;

  constructor(retention: Partial<Retention> = {}) {
    const store = createMemoryStore({
      historyLimit: 10_000,
      historyTtlMs: 3_600_000,
      ...retention,
    }, (announcement) => this.hub.announce(announcement));
    this.store = {
      list: (query) => store.list(query),
      forget: (...args) => store.forget(...args),
      watch: (id, watchers) => store.watch(id, watchers),
      publishAll: (all) => store.publishAll(all),
      publish: (id, draft) => store.publish(id, draft),
      follow: (...args) => store.follow(...args),
      close: () => store.close(),
      read: (...args) => this.#hooked(() => store.read(...args)),
      readEvents: (...args) => this.#hooked(() => store.readEvents(...args)),
    };
  }

  async #hooked<View extends HistorySlice | undefined>(
    read: () => Promise<View>,
  ): Promise<View> {
    const count = this.reads += 1;
    await this.hooks.before?.(count);
    const view = await read();
    await this.hooks.after?.(count, view);
    return view;
  }

  /** Publishes an event. Returns the offset and the number of watchers reached. */
  async publish(draft: EventDraft = {}): Promise<{
    epoch: string;
    offset: number;
    delivered: number;
  }> {
    const outcome = await this.store.publish(watchedId, draft);
    if (outcome.kind !== "stored") throw new Error(outcome.kind);
    const { epoch, event: { offset }, delivered } = outcome;
    return { epoch, offset, delivered };
  }

  /** Publishes a number of events. Returns the position after the last event. */
  async publishMany(count: number): Promise<StreamPosition> {
    let position = { epoch: "", offset: 0 };
    for (let done = 0; done < count; done += 1) {
      const { epoch, offset } = await this.publish();
      position = { epoch, offset };
    }
    return position;
  }

  /** Starts watching; by default as a user allowed to watch tasks without an owner. */
  watch(
    since?: StreamPosition,
    mayWatch: Audience["mayWatch"] = (_id, { owner }) => owner === undefined,
  ): { outlet: FakeOutlet; started: Promise<void> } {
    const outlet = new FakeOutlet();
    const { store, hub } = this;
    const watcher = new TaskWatcher({
      taskId: watchedId,
      store,
      hub,
      outlet,
      audience: {
        mayWatch,
        onForbidden: () =>
          outlet.close(closeCodes.forbidden, {
            code: "forbidden",
            message: "",
          }),
        onMerged: (skipped) => this.merged += skipped,
      },
    });
    outlet.onEnd(() => watcher.stop());
    return { outlet, started: watcher.start(since) };
  }
}

/** Lets all due callbacks run, including timers of 0 ms. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Returns 1, 2, … up to a number, or from a given first number. */
export function upTo(last: number, first = 1): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
