import type { EventDraft } from "../tasks/draft.ts";
import type { StreamPosition, TaskEvent } from "../tasks/event.ts";
import type { Refusal, TaskState } from "../tasks/state.ts";

/** An event in the store, with what its watchers must know besides. */
export interface StoredEvent {
  readonly event: TaskEvent;
  readonly epoch: string;
  /** The user id whose private task it is; absent for an open task. */
  readonly owner?: string;
}

/**
 * Takes events to this process's watchers.
 *
 * @returns How many watchers it reached.
 */
export type Announce = (stored: StoredEvent) => number;

/** The answer to one publish. */
export type PublishOutcome =
  | {
    readonly kind: "stored";
    readonly epoch: string;
    readonly event: TaskEvent;
    /** Watchers that the event reached. */
    readonly delivered: number;
  }
  | {
    readonly kind: "duplicate";
    readonly epoch: string;
    /** The event that was stored under this `event_id` before. */
    readonly event: TaskEvent;
  }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** What {@linkcode Store.read} found. */
export interface HistoryView {
  /** The task's epoch; for a task without a history, the one it would begin with now. */
  readonly epoch: string;
  /** The newest event's offset; 0 without a history. */
  readonly offset: number;
  /** `undefined` without a history. */
  readonly state: TaskState | undefined;
  /** Whether history reaches back to the position asked for, in the same epoch. */
  readonly recovered: boolean;
  /** The events after the position, oldest first; none unless `recovered`. */
  readonly events: readonly TaskEvent[];
}

/**
 * Where tasks and their histories live. What every store guarantees:
 *
 * - **Atomic.** A publish judges the draft (`applyDraft`) against the newest
 *   state and appends the event, or changes nothing; publishes to one task
 *   happen one after the other. Offsets count 1, 2, 3, … per task and epoch.
 * - **Stored, then announced, then answered.** The store calls the `announce`
 *   it was made with once for each stored event, in offset order per task,
 *   after a `read` would find it and before the publish resolves.
 * - **Idempotent.** A draft whose `event_id` is in the history is a duplicate,
 *   whatever else it says; nothing is stored or announced.
 * - **Bounded.** Of each task the newest events are kept up to a count, and a
 *   task is forgotten some time after its last event; its snapshot lives as
 *   long as it. A position older than what is kept is not `recovered`.
 * - **Epochs.** A history that begins anew under an old id has another epoch.
 *
 * A method rejects when the store cannot be reached; then nothing was changed.
 */
export interface Store {
  /** Judges and appends one event. */
  publish(connectionId: string, draft: EventDraft): Promise<PublishOutcome>;

  /**
   * Reads a task and the events after a position.
   *
   * @param since Without it only the state is read, and `recovered` is false.
   * @param limit The most events to read; the rest is read from the last one's position.
   */
  read(
    connectionId: string,
    since?: StreamPosition,
    limit?: number,
  ): Promise<HistoryView>;

  /** Lets go of files and connections; no method is called afterwards. */
  close(): Promise<void>;
}

/** How much a store keeps. */
export interface Retention {
  /** Events a task; the newest are kept. */
  readonly historyLimit: number;
  /** How long a task outlives its last event, in milliseconds. */
  readonly historyTtlMs: number;
}
