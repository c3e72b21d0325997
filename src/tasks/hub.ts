import { encodeTask } from "../protocol/server_frames.ts";
import type { StoredEvent } from "../store/store.ts";

/** Somebody who watches one task. */
export interface Watcher {
  /**
   * Takes an event.
   *
   * @param frame The event, encoded.
   * @returns Whether the event reaches the watcher, now or later.
   */
  deliver(stored: StoredEvent, frame: string): boolean;
}

/** Fan-out inside one process: which watchers each task has. */
export class Hub {
  readonly #watchers = new Map<string, Set<Watcher>>();

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
   * Delivers a stored event to the task's watchers, encoded once.
   *
   * @returns How many it reaches.
   */
  readonly announce = (stored: StoredEvent): number => {
    const watchers = this.#watchers.get(stored.event.connection_id);
    if (watchers === undefined) return 0;
    const frame = encodeTask(stored.event);
    let reached = 0;
    for (const watcher of watchers) {
      if (watcher.deliver(stored, frame)) reached += 1;
    }
    return reached;
  };
}
