import type { SqliteSync } from "./schema.ts";

/**
 * The values of several rows, row by row, in a single array: copying many small
 * objects to another thread takes longer.
 */
export type Rows = readonly (string | number | null)[];

/** The task of a thread. */
export interface OpenOptions {
  readonly path: string;
  readonly sync: SqliteSync;
  /**
   * True for the only thread that writes. The database must exist before
   * any other thread opens the file.
   */
  readonly writes: boolean;
  /** The number of events kept per task. */
  readonly historyLimit: number;
}

/** The state of the database when a thread opened the file. */
export interface Opened {
  /** The epoch of new histories. */
  readonly epoch: string;
  /** The highest row id of a task; 0 without tasks. */
  readonly lastId: number;
  /** The newest change's number; 0 without tasks. */
  readonly lastChange: number;
  /**
   * The time of the newest event of the task that expires first; `null` without
   * tasks.
   */
  readonly oldestMs: number | null;
  /** True if a power cut may have taken the newest events. */
  readonly mayLackEvents: boolean;
}

/** The number of values of a row in {@linkcode Group.tasks}. */
export const taskWidth = 10;

/** The number of values of a row in {@linkcode Group.events}. */
export const eventWidth = 4;

/** The changes of one transaction, in the order in which they are applied. */
export interface Group {
  /** The row ids of deleted tasks. */
  readonly deleted: readonly number[];
  /** The new epoch of new histories; set if tasks are deleted. */
  readonly epoch: string | null;
  /**
   * Rows of tasks: id, 1 for a new task and otherwise 0, task id, status,
   * number of the change, time of the newest event, offset of the newest
   * event, state as JSON, user id of the owner, labels as JSON. Owner and labels
   * never change, and are given for a new task alone.
   */
  readonly tasks: Rows;
  /** Rows of events: row id of the task, offset, `event_id`, event as JSON. */
  readonly events: Rows;
}

/** Selects expired tasks for deletion. */
export interface ExpiryQuery {
  /** Tasks without an event after this time have expired. */
  readonly oldestKeptMs: number;
  /** The epoch of new histories after the deletion of a task. */
  readonly epoch: string;
}

/** The number of values of a row in the result of {@linkcode ThreadCalls.load}. */
export const loadedWidth = 4;

/** A task's named events. */
export interface LoadedNames {
  /** Rows of events: `event_id`, offset; the oldest first. */
  readonly rows: Rows;
  /** True if the task has more named events. */
  readonly hasMore: boolean;
}

/** The result of {@linkcode ThreadCalls.load}. */
export interface Loaded {
  /**
   * One row for each requested task: row id, number of the newest change, time
   * of the newest event, state as JSON. The values of an unknown task are
   * `null`.
   */
  readonly tasks: Rows;
  /** The named events of each requested task. */
  readonly names: readonly LoadedNames[];
}

/** An event named by its publisher, or known by the offset alone. */
export interface EventQuery {
  /** The row id of the task. */
  readonly id: number;
  readonly eventId: string;
  /** The offset in an `event_id` made by the server. */
  readonly position: number | null;
}

/** The part of a history to read. */
export interface HistoryQuery {
  readonly taskId: string;
  /** Tasks without an event after this time have expired. */
  readonly oldestKeptMs: number;
  /** `null` for any epoch. */
  readonly epoch: string | null;
  /** `null` for the oldest kept event. */
  readonly offset: number | null;
  /** The most events; below 0 for all. */
  readonly limit: number;
  /** The number of characters of JSON after which reading stops. */
  readonly enough: number;
  /** True if the task's state is wanted as well. */
  readonly withState: boolean;
}

/** A task and a part of its history. */
export interface HistoryRows {
  /** The epoch of the history; also given for an expired task. */
  readonly epoch: string;
  readonly isExpired: boolean;
  /** The offset of the newest event. */
  readonly newest: number;
  readonly state: string | null;
  /** Rows of events: offset, event as JSON; `null` if not recovered. */
  readonly events: Rows | null;
}

/** The tasks to list. */
export interface ListingQuery {
  readonly statuses: readonly string[] | null;
  readonly owner: string | null;
  readonly labels: readonly string[];
  readonly limit: number;
  readonly cursor: number | null;
  /** Tasks without an event after this time have expired. */
  readonly oldestKeptMs: number;
}

/** A page of tasks. */
export interface Listing {
  /** The states as JSON. */
  readonly states: readonly string[];
  /** The start of the next page; `null` at the end. */
  readonly cursor: number | null;
}

/** The fill level of the write-ahead log. */
export interface LogSize {
  /** The pages in the log. */
  readonly pages: number;
  /** The pages already copied into the database file. */
  readonly copied: number;
}

/** The calls to a thread, answered in order. */
export interface ThreadCalls {
  /** Opens the database; the first call. */
  open(options: OpenOptions): Opened;
  /**
   * Applies changes in one transaction, or none of them.
   *
   * @returns The duration of the flush, in milliseconds.
   */
  commit(group: Group): number;
  /**
   * Deletes some expired tasks in a transaction.
   *
   * @returns The time of the newest event of the task that expires next; `null`
   * without tasks.
   */
  expire(query: ExpiryQuery): number | null;
  /** Copies pages of the write-ahead log into the database file. */
  checkpoint(): LogSize;
  /** Reads tasks by their ids, with the named events. */
  load(
    query: { readonly taskIds: readonly string[]; readonly maxNames: number },
  ): Loaded;
  /** Returns the offset of an event; `null` for an unknown event. */
  findOffset(query: EventQuery): number | null;
  /** Reads a task and its history; `null` for an unknown task. */
  read(query: HistoryQuery): HistoryRows | null;
  list(query: ListingQuery): Listing;
  /** Writes a consistent copy of the database to an empty file. */
  copy(copyPath: string): void;
  /**
   * Closes the database; the last call.
   *
   * @returns The error if the file could not be marked as closed.
   */
  close(): string | undefined;
}

/** A call to a thread: number, method and argument. */
export type CallMessage = readonly [
  call: number,
  method: keyof ThreadCalls,
  argument: unknown,
];

/** An error in a thread. */
export interface ThreadError {
  readonly message: string;
  /** The runtime's code, such as `ERR_SQLITE_ERROR`. */
  readonly code?: string;
  /** True if the file can't be opened with these settings. */
  readonly isOpenError?: boolean;
}

/** A reply of a thread: number of the call, result or error. */
export type ReplyMessage = readonly [
  call: number,
  result: unknown,
  error?: ThreadError,
];
