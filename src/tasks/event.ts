import type { Status } from "./status.ts";

/** The members of a task that events change one by one; an absent one stays as it was. */
export interface TaskMembers {
  /** 0 to 1. */
  readonly progress?: number;
  /** Done so far, in {@linkcode TaskMembers.unit}. */
  readonly current?: number;
  /** To be done in all, in {@linkcode TaskMembers.unit}. */
  readonly total?: number;
  /** What `current` and `total` count: `rows`, `bytes`, … */
  readonly unit?: string;
  /** A sentence for people, 1,000 characters at most. */
  readonly message?: string;
  /** Any JSON, 64 KiB at most. */
  readonly data?: unknown;
}

/** One event in a task's history, as the `task` frame carries it (spec §1). */
export interface TaskEvent extends TaskMembers {
  /** The members that the task has no longer, unless this event gives them. */
  readonly cleared?: readonly (keyof TaskMembers)[];
  readonly connection_id: string;
  /** Position in the task's history: 1, 2, 3, … without a hole. */
  readonly offset: number;
  readonly event_id: string;
  readonly status: Status;
  /** 1 for the first try; a higher one reopens a failed or canceled task. */
  readonly attempt: number;
  /** When the server took the event: RFC 3339, UTC, milliseconds. */
  readonly timestamp: string;
}

/** What all the events of a task so far amount to: the newest value of each member. */
export interface Snapshot extends Omit<TaskEvent, "cleared"> {
  /** The life of the history that `offset` counts in. */
  readonly epoch: string;
  /** When the task's first event was taken. */
  readonly created_at: string;
  /** When its newest event was taken. */
  readonly updated_at: string;
}

/** A task as clients see it. */
export interface TaskDescription extends Snapshot {
  /** Sockets that watch it. */
  readonly watchers: number;
  /** Whether its worker is asked to stop; left out where not. */
  readonly cancel_requested?: true;
}

/** A place in a task's history: the last event that somebody has seen. */
export interface StreamPosition {
  readonly epoch: string;
  /** 0 before the first event. */
  readonly offset: number;
}

/**
 * The `event_id` of an event whose publisher named none: unique in its task,
 * and found again without an index.
 */
export function positionId({ epoch, offset }: StreamPosition): string {
  return `${epoch}:${offset}`;
}

/** The offset in a {@linkcode positionId} of an epoch; `undefined` in any other text. */
export function parsePositionId(
  eventId: string,
  epoch: string,
): number | undefined {
  if (!eventId.startsWith(`${epoch}:`)) return undefined;
  const digits = eventId.slice(epoch.length + 1);
  return /^[1-9]\d{0,14}$/.test(digits) ? Number(digits) : undefined;
}

/** The position of somebody who has seen nothing, in no life of the task. */
export const nowhere: StreamPosition = { epoch: "", offset: 0 };

/** Whether a position is another one or lies before it, in the same life of the task. */
export function isAtOrBefore(
  { epoch, offset }: StreamPosition,
  position: StreamPosition | undefined,
): boolean {
  return position?.epoch === epoch && offset <= position.offset;
}
