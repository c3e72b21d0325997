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
import { ListHub, type ListHubOptions } from "./list_hub.ts";

/** A watcher of one task. */
export interface Watcher {
  /**
   * Delivers an event.
   *
   * @param frame The encoded event.
   * @returns True if the event reaches the watcher, now or later.
   */
  deliver(stored: StoredEvent, frame: string): boolean;

  /** Delivers a frame outside the history. */
  notify(frame: string): void;

  /** Delivers the frame about the task's deletion. */
  forget(frame: string): void;

  /** Makes the watcher read the store: announcements may have been lost. */
  refresh(): void;
}

/**
 * Called when a task's worker was asked to stop, or may have been asked.
 */
export type Listener = () => void;

/**
 * Called with the number of a task's watchers at each change; resolves once
 * changes of the task are announced.
 */
export type OnWatchers = Store["watch"];

/** Distributes announcements to the watchers of each task in this process. */
export class Hub {
  readonly #watchers = new Map<string, Set<Watcher>>();
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #onWatchers: OnWatchers;
  /** The lists in this process. */
  readonly lists: ListHub;

  /** @param onWatchers Optional. */
  constructor(
    onWatchers: OnWatchers = () => Promise.resolve(),
    lists: ListHubOptions = {},
  ) {
    this.#onWatchers = onWatchers;
    this.lists = new ListHub(lists, (taskId) => this.watcherCount(taskId));
  }

  /** The number of watched tasks. */
  get taskCount(): number {
    return this.#watchers.size;
  }

  /** Returns the number of a task's watchers. */
  watcherCount(taskId: string): number {
    return this.#watchers.get(taskId)?.size ?? 0;
  }

  /** Returns the number of a task's listeners. */
  listenerCount(taskId: string): number {
    return this.#listeners.get(taskId)?.size ?? 0;
  }

  /**
   * Adds a watcher, which gets the task's events from the time the promise
   * resolves until {@linkcode Hub.leave}.
   *
   * @throws {StoreDisconnectedError} If the events can come only after the
   * store is back.
   */
  join(taskId: string, watcher: Watcher): Promise<void> {
    const watchers = this.#watchers.get(taskId) ?? new Set();
    watchers.add(watcher);
    this.#watchers.set(taskId, watchers);
    return this.#tellNumbers(taskId);
  }

  /** Removes a watcher, if present. */
  leave(taskId: string, watcher: Watcher): void {
    const watchers = this.#watchers.get(taskId);
    if (!watchers?.delete(watcher)) return;
    if (watchers.size === 0) this.#watchers.delete(taskId);
    this.#tellFewer(taskId);
  }

  /**
   * Adds a listener, called from the time the promise resolves until
   * {@linkcode Hub.unlisten}. Listeners do not count as watchers.
   *
   * @throws {StoreDisconnectedError} If requests can be heard only after the
   * store is back.
   */
  listen(taskId: string, listener: Listener): Promise<void> {
    const listeners = this.#listeners.get(taskId) ?? new Set();
    listeners.add(listener);
    this.#listeners.set(taskId, listeners);
    return this.#tellNumbers(taskId);
  }

  /** Removes a listener, if present. */
  unlisten(taskId: string, listener: Listener): void {
    const listeners = this.#listeners.get(taskId);
    if (!listeners?.delete(listener)) return;
    if (listeners.size === 0) this.#listeners.delete(taskId);
    this.#tellFewer(taskId);
  }

  #tellNumbers(taskId: string): Promise<void> {
    return this.#onWatchers(
      taskId,
      this.watcherCount(taskId),
      this.listenerCount(taskId),
    );
  }

  #tellFewer(taskId: string): void {
    this.#tellNumbers(taskId).catch((error) => {
      // A disconnected store sends all numbers after reconnecting.
      if (error instanceof StoreUnavailableError) return;
      log.error(
        "Could not update the number of watchers in the store: {error}",
        {
          connectionId: taskId,
          error,
        },
      );
    });
  }

  /**
   * Delivers an announcement to the task's watchers; events are encoded once.
   *
   * @returns The number of watchers reached.
   */
  announce(announcement: Announcement): number {
    switch (announcement.kind) {
      case "event":
        return this.#deliver(announcement);
      case "cancel_requested": {
        const { taskId } = announcement;
        const frame = encodeCancelRequested(taskId);
        this.#tellListeners(taskId);
        return this.#each(taskId, (watcher) => watcher.notify(frame));
      }
      case "deleted": {
        const { taskId } = announcement;
        const frame = encodeDeleted(taskId);
        return this.#each(taskId, (watcher) => watcher.forget(frame));
      }
      case "lease_renewed":
        return 0;
      case "missed":
        this.#tellListeners(announcement.taskId);
        return this.#each(
          announcement.taskId,
          (watcher) => watcher.refresh(),
        );
      case "topic_changed":
      case "topic_deleted":
      case "topic_missed":
        this.lists.announce(announcement);
        return 0;
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

  #tellListeners(taskId: string): void {
    for (const listener of [...this.#listeners.get(taskId) ?? []]) listener();
  }

  #each(taskId: string, tell: (watcher: Watcher) => void): number {
    const watchers = [...this.#watchers.get(taskId) ?? []];
    for (const watcher of watchers) tell(watcher);
    return watchers.length;
  }
}
