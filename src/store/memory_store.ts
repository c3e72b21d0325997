import type { StreamPosition, TaskEvent } from "../tasks/event.ts";
import { applyChange, type Change, type TaskState } from "../tasks/state.ts";
import {
  type Announce,
  eventAnnouncement,
  type HistoryView,
  type ListQuery,
  type PublishOutcome,
  type Retention,
  type Store,
  type TaskList,
} from "./store.ts";

/** A task and the part of its history that is kept. */
interface Task {
  state: TaskState;
  /**
   * Consecutive, oldest first; the last one's offset is the snapshot's. Up to
   * twice as many as history keeps: see `#trim`.
   */
  readonly events: TaskEvent[];
  /** The same events by their `event_id`. */
  readonly byEventId: Map<string, TaskEvent>;
  /** Counts the store's events; a task's is that of its last one. */
  changedAt: number;
  expiresAtMs: number;
}

/**
 * A store in this process's memory: the fastest, gone when the process ends.
 *
 * @param retention How much is kept.
 * @param announce Called for each stored change.
 */
export function createMemoryStore(
  retention: Retention,
  announce: Announce,
): Store {
  return new MemoryStore(retention, announce);
}

class MemoryStore implements Store {
  /** In the order of their last events, oldest first, and so of their expiry. */
  readonly #tasks = new Map<string, Task>();
  readonly #retention: Retention;
  readonly #announce: Announce;
  /** Of the histories that begin now; a forgotten task must not get its old one back. */
  #epoch = crypto.randomUUID();
  #changes = 0;

  constructor(retention: Retention, announce: Announce) {
    this.#retention = retention;
    this.#announce = announce;
  }

  publish(connectionId: string, change: Change): Promise<PublishOutcome> {
    return Promise.resolve(this.#publish(connectionId, change));
  }

  read(
    connectionId: string,
    since?: StreamPosition | "oldest",
    limit = Infinity,
  ): Promise<HistoryView> {
    this.#forgetExpired();
    const task = this.#tasks.get(connectionId);
    const epoch = task?.state.snapshot.epoch ?? this.#epoch;
    const offset = task?.state.snapshot.offset ?? 0;
    const oldest = Math.max(0, offset - this.#retention.historyLimit);
    const from = since === "oldest" ? { epoch, offset: oldest } : since;
    const recovered = from !== undefined && from.epoch === epoch &&
      from.offset <= offset && from.offset >= oldest;
    const events = task && recovered
      ? eventsAfter(task, from.offset, limit)
      : [];
    return Promise.resolve({
      epoch,
      offset,
      state: task?.state,
      recovered,
      events,
    });
  }

  list({ status, limit, cursor = Infinity }: ListQuery): Promise<TaskList> {
    this.#forgetExpired();
    const tasks = [...this.#tasks.values()].reverse().filter((task) =>
      task.changedAt < cursor &&
      (status === undefined || task.state.snapshot.status === status)
    );
    const page = tasks.slice(0, limit);
    const last = page.at(-1);
    return Promise.resolve({
      states: page.map(({ state }) => state),
      ...(last && tasks.length > limit ? { cursor: last.changedAt } : {}),
    });
  }

  forget(connectionId: string): Promise<boolean> {
    this.#forgetExpired();
    const wasKnown = this.#tasks.delete(connectionId);
    if (wasKnown) {
      this.#epoch = crypto.randomUUID();
      this.#announce({ kind: "deleted", connectionId });
    }
    return Promise.resolve(wasKnown);
  }

  close(): Promise<void> {
    this.#tasks.clear();
    return Promise.resolve();
  }

  #publish(connectionId: string, change: Change): PublishOutcome {
    this.#forgetExpired();
    const task = this.#tasks.get(connectionId);
    const earlier = task && this.#findDuplicate(task, change);
    if (task && earlier) {
      return {
        kind: "duplicate",
        epoch: task.state.snapshot.epoch,
        offset: earlier.offset,
        cancelRequested: task.state.cancelRequested ?? false,
      };
    }
    const result = applyChange(task?.state, change, {
      connectionId,
      epoch: this.#epoch,
      eventId: crypto.randomUUID(),
      now: new Date(),
    });
    if ("code" in result) return { kind: "refused", refusal: result };
    const { event, state } = result;
    if (event === undefined) {
      const isNew = !task?.state.cancelRequested;
      if (task) task.state = state;
      if (isNew) this.#announce({ kind: "cancel_requested", connectionId });
      return { kind: "noted", isNew };
    }
    this.#append(connectionId, task, event, state);
    return {
      kind: "stored",
      epoch: state.snapshot.epoch,
      event,
      delivered: this.#announce(eventAnnouncement(event, state)),
      cancelRequested: state.cancelRequested ?? false,
    };
  }

  #append(
    connectionId: string,
    known: Task | undefined,
    event: TaskEvent,
    state: TaskState,
  ): void {
    const task: Task = known ??
      { state, events: [], byEventId: new Map(), changedAt: 0, expiresAtMs: 0 };
    task.state = state;
    task.changedAt = ++this.#changes;
    task.expiresAtMs = Date.now() + this.#retention.historyTtlMs;
    task.events.push(event);
    task.byEventId.set(event.event_id, event);
    this.#trim(task);
    this.#tasks.delete(connectionId);
    this.#tasks.set(connectionId, task);
  }

  #findDuplicate(task: Task, change: Change): TaskEvent | undefined {
    if ("kind" in change || change.event_id === undefined) return undefined;
    const earlier = task.byEventId.get(change.event_id);
    const oldest = task.state.snapshot.offset - this.#retention.historyLimit;
    return earlier && earlier.offset > oldest ? earlier : undefined;
  }

  /** Cuts in batches, because `shift` on a long array costs its length. */
  #trim(task: Task): void {
    const { historyLimit } = this.#retention;
    if (task.events.length < 2 * historyLimit) return;
    for (const event of task.events.splice(0, historyLimit)) {
      // A later event may have taken over an id that history no longer holds.
      if (task.byEventId.get(event.event_id) === event) {
        task.byEventId.delete(event.event_id);
      }
    }
  }

  #forgetExpired(): void {
    const now = Date.now();
    for (const [connectionId, task] of this.#tasks) {
      if (task.expiresAtMs > now) return;
      this.#tasks.delete(connectionId);
      this.#epoch = crypto.randomUUID();
    }
  }
}

function eventsAfter(
  task: Task,
  offset: number,
  limit: number,
): readonly TaskEvent[] {
  const first = task.state.snapshot.offset - task.events.length;
  return task.events.slice(offset - first, offset - first + limit);
}
