import type { StreamPosition, TaskEvent } from "./event.ts";
import type { Change, Refusal, TaskState } from "./state.ts";
import type { Status } from "./status.ts";
import type { Topic } from "./topic.ts";

/** A change of a task, announced by a store to this process. */
export type Announcement =
  | ({ readonly kind: "event" } & StoredEvent)
  /** The worker was asked to stop. */
  | { readonly kind: "cancel_requested"; readonly taskId: string }
  /** The task was deleted by request. */
  | { readonly kind: "deleted"; readonly taskId: string }
  /** A heartbeat renewed the lease; of interest to leases alone. */
  | {
    readonly kind: "lease_renewed";
    readonly taskId: string;
    /** The offset of the newest event. */
    readonly offset: number;
    /** The end of the lease, in milliseconds since 1970. */
    readonly endsAtMs: number;
  }
  /** Announcements may be lost: only a `read` shows the current state. */
  | { readonly kind: "missed"; readonly taskId: string }
  | TopicAnnouncement;

/** A change of a task, announced because of the task's topics. */
export type TopicAnnouncement =
  /** The snapshot has changed. */
  | {
    readonly kind: "topic_changed";
    readonly state: TaskState;
    /** The watchers on all nodes; absent if only this process has any. */
    readonly watchers?: number;
  }
  /** The task was deleted by request. */
  | ({ readonly kind: "topic_deleted"; readonly taskId: string } & TaskAudience)
  /** Announcements may be lost: only a `list` shows the current tasks. */
  | { readonly kind: "topic_missed"; readonly topic: Topic };

/** The facts about a task that decide who may watch; fixed by the first event. */
export interface TaskAudience {
  /** The user id that owns a private task; absent for an open task. */
  readonly owner?: string | undefined;
  /** The labels; absent without labels. */
  readonly labels?: readonly string[] | undefined;
}

/** An event in the store, with the data for its watchers. */
export interface StoredEvent extends TaskAudience {
  readonly event: TaskEvent;
  /** The event as JSON, encoded once for the store and all watchers. */
  readonly json: string;
  /** The event's place in the history: one object for all watchers. */
  readonly position: StreamPosition;
  /** The end of the event's lease, if any, in milliseconds since 1970. */
  readonly leaseEndsAtMs?: number;
}

/**
 * Takes a store's announcements for the watchers in this process.
 *
 * @returns The number of watchers reached.
 */
export type Announce = (announcement: Announcement) => number;

/** The amounts with which a publish is answered (spec §2). */
export interface DoneAmounts {
  readonly current?: number;
  readonly total?: number;
}

/** Returns the amounts of a task, for the answer to a publish. */
export function amountsOf({ current, total }: DoneAmounts): DoneAmounts {
  return {
    ...(current === undefined ? {} : { current }),
    ...(total === undefined ? {} : { total }),
  };
}

/** The outcome of a {@linkcode Change}. */
export type PublishOutcome =
  | {
    readonly kind: "stored";
    readonly epoch: string;
    readonly event: TaskEvent;
    /** The amount done after the event, and the amount to do. */
    readonly amounts: DoneAmounts;
    /** The number of watchers reached, in all processes. */
    readonly delivered: number;
    /** True if the worker is asked to stop. */
    readonly cancelRequested: boolean;
  }
  | {
    readonly kind: "duplicate";
    readonly epoch: string;
    /** The offset of the event stored earlier under the same `event_id`. */
    readonly offset: number;
    readonly cancelRequested: boolean;
  }
  /** A cancel request was stored; `isNew` if the request was announced, too. */
  | { readonly kind: "noted"; readonly isNew: boolean }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** The result of {@linkcode Store.read}. */
export interface HistoryView {
  /**
   * The task's epoch; for a task without a history, the epoch of a history that
   * would begin now.
   */
  readonly epoch: string;
  /** The newest event's offset; 0 without a history. */
  readonly offset: number;
  /** `undefined` without a history. */
  readonly state: TaskState | undefined;
  /** True if history reaches back to the position, in the same epoch. */
  readonly recovered: boolean;
  /** The events after the position, oldest first; empty unless `recovered`. */
  readonly events: readonly EncodedEvent[];
  /** The watchers on all nodes; absent if only this process has any. */
  readonly watchers?: number;
}

/** The result of {@linkcode Store.readEvents}. */
export interface HistorySlice {
  /** The newest event's offset; the slice may end before. */
  readonly offset: number;
  /** The events after the position, oldest first. */
  readonly events: readonly EncodedEvent[];
}

/** An event of the history, with the JSON encoded when the event was stored. */
export interface EncodedEvent {
  readonly offset: number;
  /** A {@linkcode TaskEvent}. */
  readonly json: string;
}

/** A change of one task in a batch. */
export interface Publication {
  readonly taskId: string;
  readonly change: Change;
}

/** Selects the tasks for {@linkcode Store.list}. */
export interface ListQuery {
  /** The statuses to list; all by default. */
  readonly statuses?: readonly Status[];
  /** The user id that owns the tasks. */
  readonly owner?: string;
  /** Labels that the tasks have, all of them. */
  readonly labels?: readonly string[];
  /** The most tasks to list. */
  readonly limit: number;
  /** The cursor at the end of the page before. */
  readonly cursor?: number;
}

/** A page of tasks, newest change first. */
export interface TaskList {
  readonly states: readonly TaskState[];
  /** The watchers of each task; absent if only this process has any. */
  readonly watchers?: readonly number[];
  /** The start of the next page; absent at the end. */
  readonly cursor?: number;
}

/**
 * Stores tasks and their histories. Guarantees of every store:
 *
 * - **Atomic.** A publish applies the change (`applyChange`) to the newest
 *   state and stores the event and the new state, or changes nothing. Publishes
 *   to the same task run in sequence. Offsets count 1, 2, 3, … per task
 *   and epoch.
 * - **Stored, then announced, then answered.** The store calls `announce`,
 *   given at creation, once per change of a task watched in the process, in
 *   offset order per task. At that time a `read` already finds the change, and
 *   a publish by the same process has not resolved yet. Changes by processes
 *   sharing the store are announced on arrival; changes lost during an outage
 *   are announced later, or as `missed`. Acknowledged changes survive as long
 *   as the kind of store promises.
 * - **Idempotent.** An event whose `event_id` is in the history is a duplicate,
 *   and is neither stored nor announced.
 * - **Bounded.** Each task keeps its newest events up to a count. A task and its
 *   snapshot expire some time after the last event. Positions older than the
 *   kept events are not `recovered`.
 * - **Epochs.** A history that begins anew under an old id has another epoch.
 *
 * A method rejects with a {@linkcode StoreUnavailableError} if the store cannot
 * be reached or written. The store is then unchanged, and the call may be
 * repeated. Only a store in another process or thread can leave the outcome
 * open, if the connection breaks, or the thread ends, between request and reply:
 * an `event_id` makes a second publish safe.
 */
export interface Store {
  /** Applies and stores one change. */
  publish(taskId: string, change: Change): Promise<PublishOutcome>;

  /**
   * Applies and stores changes in order. A failed change does not affect the
   * rest.
   *
   * @returns The outcomes in the same order.
   */
  publishAll(
    publications: readonly Publication[],
  ): Promise<PromiseSettledResult<PublishOutcome>[]>;

  /**
   * Reads a task and the events after a position.
   *
   * @param since Without a position only the state is read, and `recovered` is
   * false; `oldest` reads from the oldest kept event.
   * @param limit The most events to read; the rest is read from the last
   * event's position.
   * @param enough The amount of JSON to stop after, in characters or bytes,
   * depending on the store. The last event may exceed the amount, so reading
   * always makes progress.
   */
  read(
    taskId: string,
    since?: StreamPosition | "oldest",
    limit?: number,
    enough?: number,
  ): Promise<HistoryView>;

  /**
   * Reads the events after a position without the task's state. A state can be
   * larger than a slice, and would be read again for every slice of a history.
   *
   * @param limit The most events to read.
   * @param enough The amount of JSON to stop after, as for
   * {@linkcode Store.read}; the slice may be shorter.
   * @returns At least one event, unless the position is the newest;
   * `undefined` if history does not reach back to the position.
   */
  readEvents(
    taskId: string,
    since: StreamPosition,
    limit: number,
    enough: number,
  ): Promise<HistorySlice | undefined>;

  /**
   * Lists tasks, newest change first. A task changing meanwhile may be missed or
   * listed twice.
   */
  list(query: ListQuery): Promise<TaskList>;

  /**
   * Sets the number of a task's watchers in this process; called whenever the
   * number changes. From the moment the promise resolves until the number is 0,
   * changes of the task are announced: a later `read` or an announcement delivers
   * every change.
   *
   * @param listeners The number of listeners, 0 by default. Changes are
   * announced for listeners as well, but listeners do not count as watchers.
   */
  watch(taskId: string, watchers: number, listeners?: number): Promise<void>;

  /**
   * Starts or stops following a topic in this process. From the moment the
   * promise resolves, changes of the topic's tasks are announced as
   * {@linkcode TopicAnnouncement}s, in order per task: a later `list` or an
   * announcement delivers every change. A store may announce other topics, too,
   * and may announce changes stored together as one, up to the end of an attempt.
   */
  follow(topic: Topic, isFollowed: boolean): Promise<void>;

  /**
   * Deletes a task and its history.
   *
   * @param epoch The only history to delete; a newer history under the same id
   * stays. By default any.
   * @returns True if the history existed.
   */
  forget(taskId: string, epoch?: string): Promise<boolean>;

  /**
   * Makes a consistent copy of the store while the store is in use; absent if
   * this kind of store has no copies. The copy holds every change acknowledged
   * before the call. Callers use {@linkcode backUp}.
   *
   * @throws {BackupUnsupportedError} If the store of another process has no
   * copies.
   */
  backup?(): Promise<BackupCopy>;

  /**
   * Finishes pending work and releases files and connections. No method may be
   * called afterwards.
   */
  close(): Promise<void>;
}

/** A copy of a store: a file, removed when the copy is disposed of. */
export interface BackupCopy extends AsyncDisposable {
  readonly path: string;
}

/**
 * Makes a copy of a store.
 *
 * @throws {BackupUnsupportedError} If this kind of store has no copies.
 * @throws {StoreUnavailableError} If the store can't be read, or the copy can't
 * be written.
 */
export async function backUp(store: Store): Promise<BackupCopy> {
  if (store.backup === undefined) throw new BackupUnsupportedError();
  return await store.backup();
}

/** The store is not in a file that can be copied. */
export class BackupUnsupportedError extends Error {
  override readonly name = "BackupUnsupportedError";

  constructor() {
    super("Only an SQLite store can be backed up");
  }
}

/**
 * The store can't be opened with the given settings. The message says how to fix
 * the settings.
 */
export class StoreOpenError extends Error {
  override readonly name = "StoreOpenError";
}

/** The store cannot be reached or written at present. The store is unchanged. */
export class StoreUnavailableError extends Error {
  override readonly name: string = "StoreUnavailableError";
}

/**
 * The store is in another process, and the connection is lost. Calls of
 * {@linkcode Store.watch} during the outage still count.
 */
export class StoreDisconnectedError extends StoreUnavailableError {
  override readonly name = "StoreDisconnectedError";

  /** @param restored Resolves when the store works and announces again. */
  constructor(message: string, readonly restored: Promise<void>) {
    super(message);
  }
}

/** The amount of history to keep in a store. */
export interface Retention {
  /** Events per task; the newest are kept. */
  readonly historyLimit: number;
  /** The time from the last event to a task's expiry, in milliseconds. */
  readonly historyTtlMs: number;
}

/**
 * Returns the announcements of a change without an event: the first request to
 * cancel, and a renewed lease.
 */
export function silentAnnouncements(
  before: TaskState,
  after: TaskState,
): Announcement[] {
  const { connection_id: taskId, offset } = after.snapshot;
  const { leaseEndsAtMs: endsAtMs } = after;
  const announcements: Announcement[] = [];
  if (after.cancelRequested && !before.cancelRequested) {
    announcements.push({ kind: "cancel_requested", taskId });
  }
  if (endsAtMs !== undefined && endsAtMs !== before.leaseEndsAtMs) {
    announcements.push({ kind: "lease_renewed", taskId, offset, endsAtMs });
  }
  return announcements;
}

/** True for the announcement of a request to cancel. */
export function isCancelRequest({ kind }: Announcement): boolean {
  return kind === "cancel_requested";
}

/**
 * Announces an event stored together with the given state, to watchers and
 * followers in this process.
 *
 * @returns The number of watchers reached.
 */
export function announceEvent(
  announce: Announce,
  event: TaskEvent,
  json: string,
  state: TaskState,
): number {
  const reached = announce(eventAnnouncement(event, json, state));
  announce({ kind: "topic_changed", state });
  return reached;
}

/** Announces a change without an event, to watchers and followers alike. */
export function announceSilently(
  announce: Announce,
  announcements: readonly Announcement[],
  state: TaskState,
): void {
  for (const announcement of announcements) {
    announce(announcement);
    // A renewed lease does not change the snapshot.
    if (isCancelRequest(announcement)) {
      announce({ kind: "topic_changed", state });
    }
  }
}

/** Announces a deletion, to watchers and followers in this process. */
export function announceDeletion(
  announce: Announce,
  { snapshot: { connection_id: taskId, labels }, owner }: TaskState,
): void {
  announce({ kind: "deleted", taskId });
  announce({ kind: "topic_deleted", taskId, owner, labels });
}

/** Makes the announcement of an event stored together with the given state. */
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
    ...(snapshot.labels === undefined ? {} : { labels: snapshot.labels }),
    ...(leaseEndsAtMs === undefined ? {} : { leaseEndsAtMs }),
  };
}
