import type { Hub } from "../watch/hub.ts";
import type { Store } from "../tasks/store.ts";
import type { Counters } from "../metrics/counters.ts";
import type { StreamPosition } from "../tasks/event.ts";
import { TaskWatcher } from "../watch/task_watcher.ts";
import type { Connection } from "../connections/connection.ts";

/** The parts of the server that subscriptions use. */
export interface SubscriptionsContext {
  readonly hub: Hub;
  readonly store: Store;
  readonly counters: Counters;
}

/** How one task is watched. */
export interface SubscriptionOptions {
  /** Where the client resumes; without it only the snapshot is sent. */
  readonly since: StreamPosition | undefined;
  /** Whether `sync` says which task it is about. */
  readonly namesTask?: boolean;
  /** Called once where watching is denied; the subscription has ended. */
  readonly onForbidden: () => void;
}

/** The tasks that one connection watches; all are left when it ends. */
export class Subscriptions {
  readonly #connection: Connection;
  readonly #services: SubscriptionsContext;
  readonly #mayWatch: (id: string, owner: string | undefined) => boolean;
  readonly #watchers = new Map<string, TaskWatcher>();

  /** @param mayWatch Whether the client, whoever it is now, may watch a task of this owner. */
  constructor(
    connection: Connection,
    services: SubscriptionsContext,
    mayWatch: (id: string, owner: string | undefined) => boolean,
  ) {
    this.#connection = connection;
    this.#services = services;
    this.#mayWatch = mayWatch;
    connection.onEnd(() => {
      for (const watcher of this.#watchers.values()) watcher.stop();
    });
  }

  /** How many tasks are watched. */
  get size(): number {
    return this.#watchers.size;
  }

  /** Whether this task is. */
  has(taskId: string): boolean {
    return this.#watchers.has(taskId);
  }

  /**
   * Watches a task from a position on; one that is watched already, anew.
   *
   * @throws {StoreUnavailableError} When the store can't be read.
   */
  async watch(
    taskId: string,
    { since, namesTask = false, onForbidden }: SubscriptionOptions,
  ): Promise<void> {
    const { hub, store, counters } = this.#services;
    this.end(taskId);
    const watcher = new TaskWatcher({
      taskId,
      store,
      hub,
      outlet: this.#connection,
      namesTask,
      mayWatch: (owner) => this.#mayWatch(taskId, owner),
      onMerged: (skipped) => counters.mergedEvents += skipped,
      onJoined: (isResume, recovered) => {
        const missed = recovered ? "recovered" : "snapshot";
        counters.resumes[isResume ? missed : "fresh"] += 1;
      },
      onForbidden: () => {
        this.#watchers.delete(taskId);
        onForbidden();
      },
    });
    this.#watchers.set(taskId, watcher);
    await watcher.start(since);
  }

  /** Watches a task no more. */
  end(taskId: string): void {
    this.#watchers.get(taskId)?.stop();
    this.#watchers.delete(taskId);
  }

  /** Ends what the client may no longer watch, since it is somebody else now. */
  rejudge(): void {
    for (const watcher of [...this.#watchers.values()]) watcher.rejudge();
  }
}
