import type { EventDraft } from "./draft.ts";
import {
  parsePositionId,
  positionId,
  type Snapshot,
  type TaskEvent,
} from "./event.ts";
import { foldEvent, keepMembers, progressOf } from "./snapshot.ts";
import { isTerminal, type Status } from "./status.ts";

/** All that the server knows of a task. */
export interface TaskState {
  readonly snapshot: Snapshot;
  /** The user id whose private task it is; absent for an open task. */
  readonly owner?: string;
  /** When the lease of the newest event ends, in milliseconds since 1970; absent without one. */
  readonly leaseEndsAtMs?: number;
  /** Whether somebody asked the worker to stop; a new attempt starts without. */
  readonly cancelRequested?: true;
}

/** What can happen to a task: a publisher's event, or one of the server's own doings. */
export type Change =
  | EventDraft
  /** Nothing came after the event at this offset in the time of its lease. */
  | { readonly kind: "lost"; readonly offset: number }
  /** Somebody asks the worker to stop; no event, and not part of the history. */
  | { readonly kind: "cancel" };

/** What the store adds to a change when it takes it. */
export interface Stamp {
  readonly taskId: string;
  /** The epoch of a history that begins now; an older task keeps its own. */
  readonly epoch: string;
  readonly now: Date;
}

/** Why a change was not taken: a 404 or 409 for whoever asked for it. */
export interface Refusal {
  readonly code:
    | "task_finished"
    | "attempt_outdated"
    | "event_id_reserved"
    | "owner_fixed"
    | "task_unknown"
    | "lease_renewed";
  readonly detail: string;
}

/** A change that may be stored: the task after it, and its event where it is one. */
export interface Transition {
  readonly event?: TaskEvent;
  readonly state: TaskState;
}

/**
 * The task state machine: judges a change against the task so far. Pure; what
 * it refuses changes nothing. The rules are spec §2, 'Event rules'.
 *
 * @param state `undefined` for a task without a history.
 */
export function applyChange(
  state: TaskState | undefined,
  change: Change,
  stamp: Stamp,
): Transition | Refusal {
  if (!("kind" in change)) return applyDraft(state, change, stamp);
  if (state === undefined) {
    return { code: "task_unknown", detail: "Nothing is known of this task" };
  }
  return change.kind === "lost"
    ? applyLoss(state, change.offset, stamp)
    : applyCancel(state);
}

function applyDraft(
  state: TaskState | undefined,
  draft: EventDraft,
  stamp: Stamp,
): Required<Transition> | Refusal {
  const before = state?.snapshot;
  const refusal = state && findRefusal(state, draft);
  if (refusal) return refusal;

  const event = nextEvent(
    before,
    stamp,
    draft.status ?? impliedStatus(before?.status),
    draft,
  );
  const epoch = before?.epoch ?? stamp.epoch;
  const position = parsePositionId(event.event_id, epoch);
  if (position !== undefined && position > event.offset) {
    return {
      code: "event_id_reserved",
      detail: "This event_id belongs to an event that is yet to come",
    };
  }
  const owner = state ? state.owner : draft.user_id;
  const leaseSeconds = isTerminal(event.status) ? undefined : draft.lease;
  const isNewAttempt = event.attempt !== before?.attempt;
  return {
    event,
    state: {
      snapshot: foldEvent(before, event, epoch),
      ...(owner === undefined ? {} : { owner }),
      ...(leaseSeconds === undefined
        ? {}
        : { leaseEndsAtMs: stamp.now.getTime() + leaseSeconds * 1_000 }),
      ...(state?.cancelRequested && !isNewAttempt
        ? { cancelRequested: true }
        : {}),
    },
  };
}

/** The server's own event: a worker went silent (spec §1, `lost`). */
function applyLoss(
  state: TaskState,
  offset: number,
  stamp: Stamp,
): Required<Transition> | Refusal {
  const { snapshot: before, leaseEndsAtMs, ...rest } = state;
  if (before.offset !== offset || leaseEndsAtMs === undefined) {
    return {
      code: "lease_renewed",
      detail: "Another event came in the time of the lease",
    };
  }
  const event = nextEvent(before, stamp, "lost", {});
  return {
    event,
    state: { ...rest, snapshot: foldEvent(before, event, before.epoch) },
  };
}

function applyCancel(state: TaskState): Transition | Refusal {
  return isTerminal(state.snapshot.status)
    ? { code: "task_finished", detail: "The task is over already" }
    : { state: { ...state, cancelRequested: true } };
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

/** The event with the members that a draft names, and no others. */
function nextEvent(
  before: Snapshot | undefined,
  { taskId, epoch, now }: Stamp,
  status: Status,
  draft: EventDraft,
): TaskEvent {
  const offset = (before?.offset ?? 0) + 1;
  const position = { epoch: before?.epoch ?? epoch, offset };
  const attempt = draft.attempt ?? before?.attempt ?? 1;
  const kept = before && keepMembers(before, { attempt });
  const event: Mutable<Omit<TaskEvent, "timestamp">> = {
    connection_id: taskId,
    offset,
    event_id: draft.event_id ?? positionId(position),
    status,
    attempt,
  };
  const progress = progressOf(draft, kept);
  if (progress !== undefined) event.progress = progress;
  if (isGiven(draft.current)) event.current = draft.current;
  if (isGiven(draft.total)) event.total = draft.total;
  if (isGiven(draft.unit)) event.unit = draft.unit;
  if (isGiven(draft.message)) event.message = draft.message;
  if (isGiven(draft.data)) event.data = draft.data;
  const cleared = clearable.filter((name) =>
    draft[name] === null && event[name] === undefined &&
    kept?.[name] !== undefined
  );
  if (cleared.length > 0) event.cleared = cleared;
  return Object.assign(event, { timestamp: now.toISOString() });
}

/** The members that `null` clears. */
export const clearable = [
  "progress",
  "current",
  "total",
  "unit",
  "message",
  "data",
] as const;

function isGiven<T>(value: T): value is NonNullable<T> {
  return value !== undefined && value !== null;
}

/** A first event runs; `lost` and a reopened task run again; else the status stays. */
function impliedStatus(before: Status | undefined): Status {
  return before === "queued" ? "queued" : "running";
}

function findRefusal(state: TaskState, draft: EventDraft): Refusal | undefined {
  const { status, attempt } = state.snapshot;
  if (isTerminal(status)) {
    const isRetry = draft.attempt !== undefined && draft.attempt > attempt;
    if (status === "succeeded" || !isRetry) {
      return {
        code: "task_finished",
        detail: status === "succeeded"
          ? "The task has succeeded, and nothing follows that: use another connection_id"
          : `The task has ${
            status === "failed" ? "failed" : "been canceled"
          }: to retry it, publish with an attempt above ${attempt}`,
      };
    }
  }
  if (draft.attempt !== undefined && draft.attempt < attempt) {
    return {
      code: "attempt_outdated",
      detail:
        `The task is at attempt ${attempt}: an event of attempt ${draft.attempt} comes from a worker that was replaced`,
    };
  }
  if (draft.user_id !== undefined && draft.user_id !== state.owner) {
    return {
      code: "owner_fixed",
      detail: "The task's user_id was settled by its first event",
    };
  }
  return undefined;
}
