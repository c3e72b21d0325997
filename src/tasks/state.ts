import type { EventDraft } from "./draft.ts";
import type { Snapshot, TaskEvent, TaskMembers } from "./event.ts";
import { isTerminal, type Status } from "./status.ts";

/** All that the server knows of a task. */
export interface TaskState {
  readonly snapshot: Snapshot;
  /** The user id whose private task it is; absent for an open task. */
  readonly owner?: string;
}

/** What the store adds to a draft when it takes it. */
export interface Stamp {
  readonly connectionId: string;
  /** The epoch of a history that begins now; an older task keeps its own. */
  readonly epoch: string;
  /** For a draft without `event_id`. */
  readonly eventId: string;
  /** RFC 3339, UTC. */
  readonly timestamp: string;
}

/** Why an event was not taken: a 409 for its publisher. */
export interface Refusal {
  readonly code: "task_finished" | "attempt_outdated" | "owner_fixed";
  readonly detail: string;
}

/** An event that may be stored, and the task after it. */
export interface Transition {
  readonly event: TaskEvent;
  readonly state: TaskState;
}

/**
 * The task state machine: judges a draft against the task so far. Pure; what
 * it refuses changes nothing. The rules are spec §2, 'Event rules'.
 *
 * @param state `undefined` for a task without a history.
 */
export function applyDraft(
  state: TaskState | undefined,
  draft: EventDraft,
  stamp: Stamp,
): Transition | Refusal {
  const before = state?.snapshot;
  const refusal = state && findRefusal(state, draft);
  if (refusal) return refusal;

  const members = takeMembers(draft, before);
  const event: TaskEvent = {
    connection_id: stamp.connectionId,
    offset: (before?.offset ?? 0) + 1,
    event_id: draft.event_id ?? stamp.eventId,
    status: draft.status ?? impliedStatus(before?.status),
    attempt: draft.attempt ?? before?.attempt ?? 1,
    ...members,
    timestamp: stamp.timestamp,
  };
  const owner = state ? state.owner : draft.user_id;
  return {
    event,
    state: {
      snapshot: foldEvent(before, event, before?.epoch ?? stamp.epoch),
      ...(owner === undefined ? {} : { owner }),
    },
  };
}

/**
 * One step of the fold that makes a snapshot from a history.
 *
 * @param before `undefined` for the first event.
 */
export function foldEvent(
  before: Snapshot | undefined,
  event: TaskEvent,
  epoch: string,
): Snapshot {
  return {
    ...before,
    ...event,
    epoch,
    created_at: before?.created_at ?? event.timestamp,
    updated_at: event.timestamp,
  };
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

/** The members that a draft names, with `progress` worked out where it can be. */
function takeMembers(
  draft: EventDraft,
  before: Snapshot | undefined,
): TaskMembers {
  const { progress, current, total, unit, message, data } = draft;
  const members = { progress, current, total, unit, message, data };
  if (progress === undefined && (current ?? total) !== undefined) {
    members.progress = ratio(
      current ?? before?.current,
      total ?? before?.total,
    );
  }
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined),
  );
}

function ratio(
  current: number | undefined,
  total: number | undefined,
): number | undefined {
  if (current === undefined || total === undefined || total === 0) {
    return undefined;
  }
  return Math.min(1, current / total);
}
