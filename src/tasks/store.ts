import type { StreamPosition, TaskEvent } from "./event.ts";
import type { Change, Refusal, TaskState } from "./state.ts";
import type { Status } from "./status.ts";

/** What a store tells this process of a task. */
export type Announcement =
  | ({ readonly kind: "event" } & StoredEvent)
  /** The worker was asked to stop. */
  | { readonly kind: "cancel_requested"; readonly taskId: string }
  /** The task was forgotten by request. */
  | { readonly kind: "deleted"; readonly taskId: string }
  /** Something may have happened that was not announced: only a `read` can tell. */
  | { readonly kind: "missed"; readonly taskId: string };

/** An event in the store, with what its watchers must know besides. */
export interface StoredEvent {
  readonly event: TaskEvent;
  /** The same as JSON: encoded once, for the store and for all who watch. */
  readonly json: string;
  /** Where it is in the task's history: one object, which all its watchers keep. */
  readonly position: StreamPosition;
  /** The user id whose private task it is; absent for an open task. */
  readonly owner?: string;
  /** When the event's lease ends, in milliseconds since 1970; absent without one. */
  readonly leaseEndsAtMs?: number;
}

/**
 * Takes what a store announces to this process's watchers.
 *
 * @returns How many watchers it reached.
 */
export type Announce = (announcement: Announcement) => number;

/** What became of a {@linkcode Change}. */
export type PublishOutcome =
  | {
    readonly kind: "stored";
    readonly epoch: string;
    readonly event: TaskEvent;
    /** Watchers that the event reached, of all processes. */
    readonly delivered: number;
    /** Whether the worker is asked to stop. */
    readonly cancelRequested: boolean;
  }
  | {
    readonly kind: "duplicate";
    readonly epoch: string;
    /** Of the event that was stored under this `event_id` before. */
    readonly offset: number;
    readonly cancelRequested: boolean;
  }
  /** A request to cancel was noted, and announced unless it had been before. */
  | { readonly kind: "noted"; readonly isNew: boolean }
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
  readonly events: readonly EncodedEvent[];
  /** How many watch the task in all; absent where this process alone has watchers. */
  readonly watchers?: number;
}

/** An event of the history, as it was encoded when it was stored. */
export interface EncodedEvent {
  readonly offset: number;
  /** A {@linkcode TaskEvent}. */
  readonly json: string;
}

/** A change of one task, in a batch. */
export interface Publication {
  readonly taskId: string;
  readonly change: Change;
}

/** Which tasks {@linkcode Store.list} lists. */
export interface ListQuery {
  readonly status?: Status;
  /** The most tasks to list. */
  readonly limit: number;
  /** Where the list before ended. */
  readonly cursor?: number;
}

/** Some tasks, newest change first. */
export interface TaskList {
  readonly states: readonly TaskState[];
  /** How many watch each; absent where this process alone has watchers. */
  readonly watchers?: readonly number[];
  /** Where to go on; absent at the end. */
  readonly cursor?: number;
}

/**
 * Where tasks and their histories live. What every store guarantees:
 *
 * - **Atomic.** A publish judges the change (`applyChange`) against the newest
 *   state and stores its event and the new state, or changes nothing; publishes
 *   to one task happen one after the other. Offsets count 1, 2, 3, … per task
 *   and epoch.
 * - **Stored, then announced, then answered.** The store calls the `announce`
 *   it was made with once for each change of a task that is watched here, in
 *   offset order per task, after a `read` would find it and, for what was
 *   published here, before the publish resolves. Where the store has other
 *   processes too, what they change is announced as soon as it comes; what was
 *   missed while the store was away is made up for, or said to be `missed`.
 *   What was answered survives as long as the store's kind promises.
 * - **Idempotent.** An event whose `event_id` is in the history is a duplicate,
 *   whatever else it says; nothing is stored or announced.
 * - **Bounded.** Of each task the newest events are kept up to a count, and a
 *   task is forgotten some time after its last event; its snapshot lives as
 *   long as it. A position older than what is kept is not `recovered`.
 * - **Epochs.** A history that begins anew under an old id has another epoch.
 *
 * A method rejects with a {@linkcode StoreUnavailableError} when the store
 * cannot be reached or written; then nothing was changed, and it may be called
 * again. Only a store in another process can leave that open, where the
 * connection broke between question and answer: an `event_id` makes it safe to
 * publish again.
 */
export interface Store {
  /** Judges and stores one change. */
  publish(taskId: string, change: Change): Promise<PublishOutcome>;

  /**
   * Judges and stores changes in their order, each for itself: one that fails
   * takes no other with it.
   *
   * @returns What became of each, in the same order.
   */
  publishAll(
    publications: readonly Publication[],
  ): Promise<PromiseSettledResult<PublishOutcome>[]>;

  /**
   * Reads a task and the events after a position.
   *
   * @param since Without it only the state is read, and `recovered` is false;
   * `oldest` reads history from where it begins now.
   * @param limit The most events to read; the rest is read from the last one's position.
   * @param enough How much JSON is enough, in characters or bytes as the store
   * counts them: the event that reaches it is the last one read, so that a
   * history always moves on.
   */
  read(
    taskId: string,
    since?: StreamPosition | "oldest",
    limit?: number,
    enough?: number,
  ): Promise<HistoryView>;

  /** Lists tasks, newest change first; one that changes meanwhile may be missed or come twice. */
  list(query: ListQuery): Promise<TaskList>;

  /**
   * Tells how many watch a task in this process, whenever that changes. Once it
   * resolves, and until there are none, changes of the task are announced: what
   * a later `read` does not find comes as an announcement.
   */
  watch(taskId: string, watchers: number): Promise<void>;

  /**
   * Forgets a task and its history.
   *
   * @returns Whether there was one.
   */
  forget(taskId: string): Promise<boolean>;

  /** Finishes what was begun, and lets go of files and connections; no method is called afterwards. */
  close(): Promise<void>;
}

/** A store that can't be used as it is set up; the message says what to do. */
export class StoreOpenError extends Error {
  override readonly name = "StoreOpenError";
}

/** The store cannot be reached or written now; what was asked for did not happen. */
export class StoreUnavailableError extends Error {
  override readonly name: string = "StoreUnavailableError";
}

/**
 * The store is in another process, and the connection to it is lost. What was
 * told to {@linkcode Store.watch} meanwhile is not forgotten.
 */
export class StoreDisconnectedError extends StoreUnavailableError {
  override readonly name = "StoreDisconnectedError";

  /** @param restored Resolves when the store can be used again, and announces again. */
  constructor(message: string, readonly restored: Promise<void>) {
    super(message);
  }
}

/** How much a store keeps. */
export interface Retention {
  /** Events a task; the newest are kept. */
  readonly historyLimit: number;
  /** How long a task outlives its last event, in milliseconds. */
  readonly historyTtlMs: number;
}

/** The announcement of an event that was stored with this state. */
export function eventAnnouncement(
  event: TaskEvent,
  json: string,
  { snapshot, owner, leaseEndsAtMs }: TaskState,
): Announcement {
  return {
    kind: "event",
    event,
    json,
    position: { epoch: snapshot.epoch, offset: event.offset },
    ...(owner === undefined ? {} : { owner }),
    ...(leaseEndsAtMs === undefined ? {} : { leaseEndsAtMs }),
  };
}
