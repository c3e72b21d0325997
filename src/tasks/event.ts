import type { Estimates } from "./progress_rate.ts";
import type { Status } from "./status.ts";

/** The members of a task. An absent member keeps the previous value. */
export interface TaskMembers {
  /** The name of the task for people, 200 characters at most. */
  readonly title?: string;
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

/**
 * One event of a task's history, as the `task` frame carries it (spec §1). The
 * estimates are those after the event; absent if there are none.
 */
export interface TaskEvent extends TaskMembers, Estimates {
  /** The members to remove from the task, except members given by the event. */
  readonly cleared?: readonly (keyof TaskMembers)[];
  readonly connection_id: string;
  /** Position in the task's history: 1, 2, 3, … without gaps. */
  readonly offset: number;
  readonly event_id: string;
  readonly status: Status;
  /** 1 for the first try; a higher number reopens a failed or canceled task. */
  readonly attempt: number;
  /** The time of acceptance by the server: RFC 3339, UTC, milliseconds. */
  readonly timestamp: string;
}

/** The sum of a task's events so far: the newest value of each member. */
export interface Snapshot extends Omit<TaskEvent, "cleared" | "rate" | "eta"> {
  /** Identifies the history counted by `offset`. */
  readonly epoch: string;
  /** The timestamp of the task's first event. */
  readonly created_at: string;
  /** The timestamp of the task's newest event. */
  readonly updated_at: string;
  /** The timestamp of the first `running` event of this attempt. */
  readonly started_at?: string;
  /** The timestamp of the event that ended the task. */
  readonly ended_at?: string;
  /** The labels of the task, fixed by the first event; absent without labels. */
  readonly labels?: readonly string[];
}

/** A task as clients see it. */
export interface TaskDescription extends Snapshot, Estimates {
  /** The number of watching sockets. */
  readonly watchers: number;
  /** Present if the worker is asked to stop. */
  readonly cancel_requested?: true;
}

/** A position in a task's history: the last event seen by a reader. */
export interface StreamPosition {
  readonly epoch: string;
  /** 0 before the first event. */
  readonly offset: number;
}

/**
 * Makes the `event_id` of an event if the publisher gave none: unique in the
 * task, and found without an index.
 */
export function positionId({ epoch, offset }: StreamPosition): string {
  return `${epoch}:${offset}`;
}

/**
 * Returns the offset in a {@linkcode positionId} of the epoch; `undefined` if the
 * text is no such id.
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

/** True if both positions are equal, or the first precedes the second in the same epoch. */
export function isAtOrBefore(
  { epoch, offset }: StreamPosition,
  position: StreamPosition | undefined,
): boolean {
  return position?.epoch === epoch && offset <= position.offset;
}
