import type { Hub } from "../watch/hub.ts";
import type { Store } from "../tasks/store.ts";
import type { Counters } from "../metrics/counters.ts";
import type { StreamPosition } from "../tasks/event.ts";
import { TaskWatcher } from "../watch/task_watcher.ts";
import type { Connection } from "../connections/connection.ts";

/** The parts of the server used by subscriptions. */
export interface SubscriptionsContext {
  readonly hub: Hub;
  readonly store: Store;
  readonly counters: Counters;
}

/** The options for watching a task. */
export interface SubscriptionOptions {
  /** The position to resume at; without a position, only the snapshot. */
  readonly since: StreamPosition | undefined;
  /** Adds the `connection_id` to `sync`. */
  readonly namesTask?: boolean;
  /** Called once if watching is denied; the subscription has ended. */
  readonly onForbidden: () => void;
}

/** The watched tasks of a connection, until the end of the connection. */
export class Subscriptions {
  readonly #connection: Connection;
  readonly #services: SubscriptionsContext;
  readonly #mayWatch: (id: string, owner: string | undefined) => boolean;
  readonly #watchers = new Map<string, TaskWatcher>();

  /**
   * @param mayWatch Returns true if the client, with its current identity, may
   * watch a task of this owner.
   */
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

  /** The number of watched tasks. */
  get size(): number {
    return this.#watchers.size;
  }

  /** True if the task is being watched. */
  has(taskId: string): boolean {
    return this.#watchers.has(taskId);
  }

  /**
   * Watches a task from a position; a task already watched starts over.
   *
   * @throws {StoreUnavailableError} If the store can't be read.
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

  /** Stops watching a task. */
  end(taskId: string): void {
    this.#watchers.get(taskId)?.stop();
    this.#watchers.delete(taskId);
  }

  /** Stops watching tasks forbidden to the client's new identity. */
  recheckAccess(): void {
    for (const watcher of [...this.#watchers.values()]) watcher.recheckAccess();
  }
}
