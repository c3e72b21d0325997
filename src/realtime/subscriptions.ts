import type { Hub } from "../watch/hub.ts";
import type { Store, TaskAudience } from "../tasks/store.ts";
import type { Counters } from "../metrics/counters.ts";
import type { StreamPosition } from "../tasks/event.ts";
import { TaskWatcher } from "../watch/task_watcher.ts";
import type { Audience } from "../watch/task_watcher_options.ts";
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
}

/** The watched tasks of a connection, until the end of the connection. */
export class Subscriptions implements Audience {
  readonly #connection: Connection;
  readonly #services: SubscriptionsContext;
  readonly #user: Audience;
  readonly #watchers = new Map<string, TaskWatcher>();

  /** @param user The client with its current identity. */
  constructor(
    connection: Connection,
    services: SubscriptionsContext,
    user: Audience,
  ) {
    this.#connection = connection;
    this.#services = services;
    this.#user = user;
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
    { since, namesTask = false }: SubscriptionOptions,
  ): Promise<void> {
    const { hub, store } = this.#services;
    this.end(taskId);
    const watcher = new TaskWatcher({
      taskId,
      store,
      hub,
      outlet: this.#connection,
      namesTask,
      audience: this,
    });
    this.#watchers.set(taskId, watcher);
    await watcher.start(since);
  }

  /** Stops watching a task. */
  end(taskId: string): void {
    this.#watchers.get(taskId)?.stop();
    this.#watchers.delete(taskId);
  }

  mayWatch(taskId: string, task: TaskAudience): boolean {
    return this.#user.mayWatch(taskId, task);
  }

  onForbidden(taskId: string, namesTask: boolean): void {
    this.#watchers.delete(taskId);
    this.#user.onForbidden(taskId, namesTask);
  }

  onMerged(skipped: number): void {
    this.#services.counters.mergedEvents += skipped;
  }

  onJoined(isResume: boolean, recovered: boolean): void {
    const missed = recovered ? "recovered" : "snapshot";
    this.#services.counters.resumes[isResume ? missed : "fresh"] += 1;
  }

  /** Stops watching tasks forbidden to the client's new identity. */
  recheckAccess(): void {
    for (const watcher of [...this.#watchers.values()]) watcher.recheckAccess();
  }
}
