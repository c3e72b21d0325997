import {
  encodeCancelRequested,
  encodeDeleted,
  encodeTask,
} from "../protocol/server_frames.ts";
import type { Announcement, StoredEvent } from "../store/store.ts";

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
}

/** Fan-out inside one process: which watchers each task has. */
export class Hub {
  readonly #watchers = new Map<string, Set<Watcher>>();

  /** How many tasks are watched. */
  get taskCount(): number {
    return this.#watchers.size;
  }

  /** How many watch a task. */
  watcherCount(connectionId: string): number {
    return this.#watchers.get(connectionId)?.size ?? 0;
  }

  /** Sends a task's events to a watcher from now on. */
  join(connectionId: string, watcher: Watcher): void {
    const watchers = this.#watchers.get(connectionId);
    if (watchers) watchers.add(watcher);
    else this.#watchers.set(connectionId, new Set([watcher]));
  }

  /** Ends that; harmless when repeated. */
  leave(connectionId: string, watcher: Watcher): void {
    const watchers = this.#watchers.get(connectionId);
    if (watchers?.delete(watcher) && watchers.size === 0) {
      this.#watchers.delete(connectionId);
    }
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
        const { connectionId } = announcement;
        const frame = encodeCancelRequested(connectionId);
        return this.#each(connectionId, (watcher) => watcher.notify(frame));
      }
      case "deleted": {
        const { connectionId } = announcement;
        const frame = encodeDeleted(connectionId);
        return this.#each(connectionId, (watcher) => watcher.forget(frame));
      }
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

  #each(connectionId: string, tell: (watcher: Watcher) => void): number {
    const watchers = [...this.#watchers.get(connectionId) ?? []];
    for (const watcher of watchers) tell(watcher);
    return watchers.length;
  }
}
