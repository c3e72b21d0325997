import { log } from "../log/log.ts";
import {
  encodeCancelRequested,
  encodeDeleted,
  encodeTask,
} from "../protocol/server_frames.ts";
import {
  type Announcement,
  type Store,
  type StoredEvent,
  StoreUnavailableError,
} from "../tasks/store.ts";

/** Somebody who watches one task. */
export interface Watcher {
  /**
   * Takes an event.
   *
   * @param frame The event, encoded.
   * @returns Whether the event reaches the watcher, now or later.
   */
  deliver(stored: StoredEvent, frame: string): boolean;

  /** Takes a frame that is not part of the history. */
  notify(frame: string): void;

  /** Takes the frame that says that the task is forgotten. */
  forget(frame: string): void;

  /** Looks into the store: something may not have been announced. */
  refresh(): void;
}

/** Told how many watch a task whenever that changes; resolves once its changes are announced. */
export type OnWatchers = Store["watch"];

/** Fan-out inside one process: which watchers each task has. */
export class Hub {
  readonly #watchers = new Map<string, Set<Watcher>>();
  readonly #onWatchers: OnWatchers;

  /** @param onWatchers By default nobody is told. */
  constructor(onWatchers: OnWatchers = () => Promise.resolve()) {
    this.#onWatchers = onWatchers;
  }

  /** How many tasks are watched. */
  get taskCount(): number {
    return this.#watchers.size;
  }

  /** How many watch a task. */
  watcherCount(taskId: string): number {
    return this.#watchers.get(taskId)?.size ?? 0;
  }

  /**
   * Sends a task's events to a watcher, once the promise has resolved and until
   * it leaves.
   *
   * @throws {StoreDisconnectedError} When that takes until the store is back.
   */
  join(taskId: string, watcher: Watcher): Promise<void> {
    const watchers = this.#watchers.get(taskId) ?? new Set();
    watchers.add(watcher);
    this.#watchers.set(taskId, watchers);
    return this.#onWatchers(taskId, watchers.size);
  }

  /** Ends that; harmless when repeated. */
  leave(taskId: string, watcher: Watcher): void {
    const watchers = this.#watchers.get(taskId);
    if (!watchers?.delete(watcher)) return;
    if (watchers.size === 0) this.#watchers.delete(taskId);
    this.#onWatchers(taskId, watchers.size).catch((error) => {
      // A store that is away tells of it itself when it is back.
      if (error instanceof StoreUnavailableError) return;
      log.error("The store was not told of its watchers: {error}", {
        taskId,
        error,
      });
    });
  }

  /**
   * Delivers what a store announces to the task's watchers, encoded once.
   *
   * @returns How many it reaches.
   */
  announce(announcement: Announcement): number {
    switch (announcement.kind) {
      case "event":
        return this.#deliver(announcement);
      case "cancel_requested": {
        const { taskId } = announcement;
        const frame = encodeCancelRequested(taskId);
        return this.#each(taskId, (watcher) => watcher.notify(frame));
      }
      case "deleted": {
        const { taskId } = announcement;
        const frame = encodeDeleted(taskId);
        return this.#each(taskId, (watcher) => watcher.forget(frame));
      }
      case "missed":
        return this.#each(
          announcement.taskId,
          (watcher) => watcher.refresh(),
        );
    }
  }

  #deliver(stored: StoredEvent): number {
    const watchers = this.#watchers.get(stored.event.connection_id);
    if (watchers === undefined) return 0;
    const frame = encodeTask(stored.json);
    let reached = 0;
    for (const watcher of watchers) {
      if (watcher.deliver(stored, frame)) reached += 1;
    }
    return reached;
  }

  #each(taskId: string, tell: (watcher: Watcher) => void): number {
    const watchers = [...this.#watchers.get(taskId) ?? []];
    for (const watcher of watchers) tell(watcher);
    return watchers.length;
  }
}
