import type { EventDraft } from "../tasks/draft.ts";
import type { StreamPosition, TaskEvent } from "../tasks/event.ts";
import { applyDraft, type TaskState } from "../tasks/state.ts";
import type {
  Announce,
  HistoryView,
  PublishOutcome,
  Retention,
  Store,
} from "./store.ts";

/** A task and the part of its history that is kept. */
interface Task {
  state: TaskState;
  /**
   * Consecutive, oldest first; the last one's offset is the snapshot's. Up to
   * twice as many as history keeps: see `#trim`.
   */
  events: TaskEvent[];
  /** The same events by their `event_id`. */
  readonly byEventId: Map<string, TaskEvent>;
  expiresAtMs: number;
}

/**
 * A store in this process's memory: the fastest, gone when the process ends.
 *
 * @param retention How much is kept.
 * @param announce Called for each stored event.
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

  constructor(retention: Retention, announce: Announce) {
    this.#retention = retention;
    this.#announce = announce;
  }

  publish(connectionId: string, draft: EventDraft): Promise<PublishOutcome> {
    this.#forgetExpired();
    const task = this.#tasks.get(connectionId);
    const earlier = task && this.#findDuplicate(task, draft);
    if (task && earlier) {
      return Promise.resolve({
        kind: "duplicate",
        epoch: task.state.snapshot.epoch,
        event: earlier,
      });
    }
    const result = applyDraft(task?.state, draft, {
      connectionId,
      epoch: this.#epoch,
      eventId: crypto.randomUUID(),
      timestamp: new Date().toISOString(),
    });
    if ("code" in result) {
      return Promise.resolve({ kind: "refused", refusal: result });
    }
    const { event, state } = result;
    this.#append(connectionId, task, event, state);
    const { epoch } = state.snapshot;
    const { owner } = state;
    const delivered = this.#announce({
      event,
      epoch,
      ...(owner === undefined ? {} : { owner }),
    });
    return Promise.resolve({ kind: "stored", epoch, event, delivered });
  }

  read(
    connectionId: string,
    since?: StreamPosition,
    limit = Infinity,
  ): Promise<HistoryView> {
    this.#forgetExpired();
    const task = this.#tasks.get(connectionId);
    const epoch = task?.state.snapshot.epoch ?? this.#epoch;
    const offset = task?.state.snapshot.offset ?? 0;
    const recovered = since !== undefined && since.epoch === epoch &&
      since.offset <= offset &&
      since.offset >= Math.max(0, offset - this.#retention.historyLimit);
    const events = task && recovered
      ? eventsAfter(task, since.offset, limit)
      : [];
    return Promise.resolve({
      epoch,
      offset,
      state: task?.state,
      recovered,
      events,
    });
  }

  close(): Promise<void> {
    this.#tasks.clear();
    return Promise.resolve();
  }

  #append(
    connectionId: string,
    known: Task | undefined,
    event: TaskEvent,
    state: TaskState,
  ): void {
    const task: Task = known ??
      { state, events: [], byEventId: new Map(), expiresAtMs: 0 };
    task.state = state;
    task.expiresAtMs = Date.now() + this.#retention.historyTtlMs;
    task.events.push(event);
    task.byEventId.set(event.event_id, event);
    this.#trim(task);
    this.#tasks.delete(connectionId);
    this.#tasks.set(connectionId, task);
  }

  #findDuplicate(task: Task, draft: EventDraft): TaskEvent | undefined {
    if (draft.event_id === undefined) return undefined;
    const earlier = task.byEventId.get(draft.event_id);
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
