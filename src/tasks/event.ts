import type { Status } from "./status.ts";

/**
 * The members of a task that events change one by one; absent members keep
 * their value.
 */
export interface TaskMembers {
  /** From 0 to 1. */
  readonly progress?: number;
  /** The amount done so far, in {@linkcode TaskMembers.unit}. */
  readonly current?: number;
  /** The amount to do in all, in {@linkcode TaskMembers.unit}. */
  readonly total?: number;
  /** The unit of `current` and `total`: `rows`, `bytes`, … */
  readonly unit?: string;
  /** A sentence for people, 1,000 characters at most. */
  readonly message?: string;
  /** Any JSON, 64 KiB at most. */
  readonly data?: unknown;
}

/** One event of a task's history, as the `task` frame carries it (spec §1). */
export interface TaskEvent extends TaskMembers {
  /** The members that the task loses, except members given by this event. */
  readonly cleared?: readonly (keyof TaskMembers)[];
  readonly connection_id: string;
  /** Position in the task's history: 1, 2, 3, … without gaps. */
  readonly offset: number;
  readonly event_id: string;
  readonly status: Status;
  /** 1 for the first try; a higher number reopens a failed or canceled task. */
  readonly attempt: number;
  /**
   * The time at which the server accepted the event: RFC 3339, UTC,
   * milliseconds.
   */
  readonly timestamp: string;
}

/** The sum of a task's events so far: the newest value of each member. */
export interface Snapshot extends Omit<TaskEvent, "cleared"> {
  /** Names the history in which `offset` counts. */
  readonly epoch: string;
  /** The timestamp of the task's first event. */
  readonly created_at: string;
  /** The timestamp of the task's newest event. */
  readonly updated_at: string;
}

/** A task as clients see it. */
export interface TaskDescription extends Snapshot {
  /** The number of sockets that watch the task. */
  readonly watchers: number;
  /** Present if the worker is asked to stop. */
  readonly cancel_requested?: true;
}

/** A place in a task's history: the last event that a reader has seen. */
export interface StreamPosition {
  readonly epoch: string;
  /** 0 before the first event. */
  readonly offset: number;
}

/**
 * Makes the `event_id` of an event whose publisher gave none: unique in its
 * task, and found without an index.
 */
export function positionId({ epoch, offset }: StreamPosition): string {
  return `${epoch}:${offset}`;
}

/**
 * Returns the offset in a {@linkcode positionId} of this epoch, and `undefined`
 * for any other text.
 */
export function parsePositionId(
  eventId: string,
  epoch: string,
): number | undefined {
  if (!eventId.startsWith(`${epoch}:`)) return undefined;
  const digits = eventId.slice(epoch.length + 1);
  return /^[1-9]\d{0,14}$/.test(digits) ? Number(digits) : undefined;
}

/** The position of a reader without history; matches no epoch. */
export const nowhere: StreamPosition = { epoch: "", offset: 0 };

/** True if a position equals another or precedes it in the same epoch. */
export function isAtOrBefore(
  { epoch, offset }: StreamPosition,
  position: StreamPosition | undefined,
): boolean {
  return position?.epoch === epoch && offset <= position.offset;
}
