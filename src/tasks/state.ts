import { clamp, type EventDraft } from "./draft.ts";
import {
  parsePositionId,
  positionId,
  type Snapshot,
  type TaskEvent,
} from "./event.ts";
import {
  estimateAt,
  type MeasuredProgress,
  measureProgress,
} from "./progress_rate.ts";
import { foldEvent, keepMembers, progressOf } from "./snapshot.ts";
import { isTerminal, type Status } from "./status.ts";
import { coversAny } from "./task_limits.ts";

/** The server's whole record of a task. */
export interface TaskState {
  readonly snapshot: Snapshot;
  /** The user id that owns a private task; absent for an open task. */
  readonly owner?: string;
  /** The end of the newest lease, if any, in milliseconds since 1970. */
  readonly leaseEndsAtMs?: number;
  /** The length of the newest lease, in milliseconds; absent without a lease. */
  readonly leaseMs?: number;
  /** Set if the worker was asked to stop; a new attempt starts without. */
  readonly cancelRequested?: true;
  /** The progress of a running task; absent before the first progress. */
  readonly measured?: MeasuredProgress;
}

/** A change to a task: a publisher's event, or a change made by the server. */
export type Change =
  & (
    | EventDraft
    /** The lease of the event at this offset expired without a later event. */
    | {
      readonly kind: "lost";
      readonly offset: number;
      /**
       * The end of the expired lease, in milliseconds since 1970: a loss is
       * refused if a heartbeat has renewed the lease. By default any lease.
       */
      readonly endsAtMs?: number;
    }
    /** A request that the worker stop: no event, not part of the history. */
    | { readonly kind: "cancel" }
    /**
     * The worker is alive: renews the lease without an event, except for a `lost`
     * task, which is `running` again.
     */
    | {
      readonly kind: "heartbeat";
      /** The new length of the lease, in seconds; by default as before. */
      readonly lease?: number;
    }
  )
  & ChangeLimit;

/** A limit on the tasks to change, judged with the change. */
export interface ChangeLimit {
  /**
   * Labels, or prefixes ending in `*`: the change is refused unless one of the
   * task's labels is covered. For a first event, the event's labels count. A
   * publisher can't send this member.
   */
  readonly within?: readonly string[];
}

/** The values that a store adds to a change. */
export interface Stamp {
  readonly taskId: string;
  /** The epoch of a new history; an existing history keeps its own. */
  readonly epoch: string;
  readonly now: Date;
}

/** The explanation of `task_unknown` for operators and clients. */
export const noSuchTask =
  "No such task: nothing was published under this id, or it has expired";

/** The reason of a refused change; the publisher gets a 404, 409 or 422. */
export interface Refusal {
  readonly code:
    | "task_finished"
    | "attempt_outdated"
    | "event_id_reserved"
    | "owner_fixed"
    | "labels_fixed"
    | "bad_event"
    | "task_unknown"
    | "task_not_allowed"
    | "lease_renewed";
  readonly detail: string;
}

/** An accepted change: the next state, and the event, if any. */
export interface Transition {
  readonly event?: TaskEvent;
  readonly state: TaskState;
}

/**
 * The task state machine: applies a change to the current state, or refuses the
 * change. A pure function; the rules are spec §2, 'Event rules'.
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 *
 * const stamp = { taskId: "upload_1", epoch: "e1", now: new Date() };
 * const first = applyChange(undefined, { status: "succeeded" }, stamp);
 * assert("state" in first);
 * assertEquals(first.event?.offset, 1);
 *
 * const late = applyChange(first.state, { status: "running" }, stamp);
 * assert("code" in late);
 * assertEquals(late.code, "task_finished");
 * ```
 *
 * @param state `undefined` for a task without a history.
 */
export function applyChange(
  state: TaskState | undefined,
  change: Change,
  stamp: Stamp,
): Transition | Refusal {
  if (!("kind" in change)) {
    const labels = state ? state.snapshot.labels : change.labels;
    return findLimit(change, labels) ?? applyDraft(state, change, stamp);
  }
  if (state === undefined) {
    return { code: "task_unknown", detail: noSuchTask };
  }
  const refusal = findLimit(change, state.snapshot.labels);
  if (refusal) return refusal;
  switch (change.kind) {
    case "lost":
      return applyLoss(state, change, stamp);
    case "cancel":
      return applyCancel(state);
    case "heartbeat":
      return applyHeartbeat(state, change.lease, stamp);
  }
}

/** The explanation of `task_not_allowed`. */
export const outOfReach =
  "The token's 'tasks' and 'labels' claims do not cover this task: use a token that does, or an API key";

/** Refuses a change of a task outside the publisher's limit, before any other check. */
function findLimit(
  { within }: ChangeLimit,
  labels: readonly string[] | undefined,
): Refusal | undefined {
  return within === undefined || coversAny(within, labels)
    ? undefined
    : { code: "task_not_allowed", detail: outOfReach };
}

function applyDraft(
  state: TaskState | undefined,
  draft: EventDraft,
  stamp: Stamp,
): Required<Transition> | Refusal {
  const before = state?.snapshot;
  const refusal = state && findRefusal(state, draft);
  if (refusal) return refusal;
  const isNewAttempt = draft.attempt !== undefined &&
    draft.attempt !== before?.attempt;
  const attempt = draft.attempt ?? before?.attempt ?? 1;
  const kept = before && keepMembers(before, { attempt });
  const counted = addIncrement(kept, draft);
  if ("code" in counted) return counted;

  const status = draft.status ?? impliedStatus(before?.status);
  const members = nextMembers(kept, { ...counted, attempt }, status, stamp);
  const epoch = before?.epoch ?? stamp.epoch;
  const position = parsePositionId(members.event_id, epoch);
  if (position !== undefined && position > members.offset) {
    return {
      code: "event_id_reserved",
      detail: "This event_id is reserved for a later event of the task",
    };
  }
  const nowMs = stamp.now.getTime();
  const timestamp = stamp.now.toISOString();
  const snapshot = foldEvent(before, { ...members, timestamp }, epoch);
  const measured = isTerminal(status) ? undefined : measureProgress(
    isNewAttempt ? undefined : state?.measured,
    snapshot,
    nowMs,
  );
  const owner = state ? state.owner : draft.user_id;
  const leaseSeconds = isTerminal(status) ? undefined : draft.lease;
  const labels = before ? undefined : draft.labels;
  return {
    event: {
      ...members,
      ...(status === "running" && measured &&
        estimateAt(measured, snapshot, nowMs)),
      timestamp,
    },
    state: {
      snapshot: labels?.length ? { ...snapshot, labels } : snapshot,
      ...(owner === undefined ? {} : { owner }),
      ...(leaseSeconds === undefined
        ? {}
        : leaseFrom(nowMs, leaseSeconds * 1_000)),
      ...(state?.cancelRequested && !isNewAttempt
        ? { cancelRequested: true }
        : {}),
      ...(measured === undefined ? {} : { measured }),
    },
  };
}

/** Makes the server's own event: the worker went silent (spec §1, `lost`). */
function applyLoss(
  state: TaskState,
  { offset, endsAtMs = state.leaseEndsAtMs }: Extract<Change, { kind: "lost" }>,
  stamp: Stamp,
): Required<Transition> | Refusal {
  const { snapshot: before, leaseEndsAtMs, ...rest } = state;
  const isRenewed = before.offset !== offset || leaseEndsAtMs === undefined ||
    leaseEndsAtMs !== endsAtMs;
  if (isRenewed) {
    return {
      code: "lease_renewed",
      detail: "An event or a heartbeat has renewed the lease",
    };
  }
  const { attempt } = before;
  const event = {
    ...nextMembers(before, { attempt }, "lost", stamp),
    timestamp: stamp.now.toISOString(),
  };
  return {
    event,
    state: { ...rest, snapshot: foldEvent(before, event, before.epoch) },
  };
}

function applyCancel(state: TaskState): Transition | Refusal {
  return isTerminal(state.snapshot.status)
    ? { code: "task_finished", detail: "The task has already ended" }
    : { state: { ...state, cancelRequested: true } };
}

function applyHeartbeat(
  state: TaskState,
  leaseSeconds: number | undefined,
  stamp: Stamp,
): Transition | Refusal {
  const { snapshot: before } = state;
  const { status, attempt } = before;
  if (isTerminal(status)) {
    return { code: "task_finished", detail: "The task has already ended" };
  }
  const leaseMs = leaseSeconds === undefined
    ? state.leaseMs
    : leaseSeconds * 1_000;
  const renewed = leaseMs === undefined
    ? state
    : { ...state, ...leaseFrom(stamp.now.getTime(), leaseMs) };
  if (status !== "lost") return { state: renewed };
  const nowMs = stamp.now.getTime();
  const event = {
    ...nextMembers(before, { attempt }, "running", stamp),
    ...(state.measured && estimateAt(state.measured, before, nowMs)),
    timestamp: stamp.now.toISOString(),
  };
  return {
    event,
    state: { ...renewed, snapshot: foldEvent(before, event, before.epoch) },
  };
}

/** Returns a lease in milliseconds. */
function leaseFrom(
  nowMs: number,
  leaseMs: number,
): Required<Pick<TaskState, "leaseEndsAtMs" | "leaseMs">> {
  return { leaseEndsAtMs: nowMs + leaseMs, leaseMs };
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

/**
 * Replaces the `increment` of a draft by the resulting `current`.
 *
 * @param kept The members of the task that stay valid.
 */
function addIncrement(
  kept: Snapshot | undefined,
  { increment, ...draft }: EventDraft,
): EventDraft | Refusal {
  if (increment === undefined) return draft;
  const current = clamp((kept?.current ?? 0) + increment, 0, Infinity);
  if (current >= 0 && Number.isFinite(current)) return { ...draft, current };
  return {
    code: "bad_event",
    detail:
      `increment: current would become ${current}; expected a finite number, 0 or greater`,
  };
}

/**
 * Makes an event, without the time, of exactly the members that a draft names.
 *
 * @param kept The members of the task that stay valid.
 */
function nextMembers(
  kept: Snapshot | undefined,
  draft: EventDraft & { readonly attempt: number },
  status: Status,
  { taskId, epoch }: Stamp,
): Omit<TaskEvent, "timestamp"> {
  const offset = (kept?.offset ?? 0) + 1;
  const position = { epoch: kept?.epoch ?? epoch, offset };
  const event: Mutable<Omit<TaskEvent, "timestamp">> = {
    connection_id: taskId,
    offset,
    event_id: draft.event_id ?? positionId(position),
    status,
    attempt: draft.attempt,
  };
  if (isGiven(draft.title)) event.title = draft.title;
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
  return event;
}

/** The members that `null` clears. */
export const clearable = [
  "title",
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

/**
 * A first event implies `running`, and so does an event after `lost` or for a
 * new attempt; `queued` stays.
 */
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
          ? "The task has succeeded and takes no more events: use another connection_id"
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
        `The task is at attempt ${attempt}: an event of attempt ${draft.attempt} comes from a replaced worker`,
    };
  }
  if (draft.user_id !== undefined && draft.user_id !== state.owner) {
    return {
      code: "owner_fixed",
      detail: "The user_id of a task is fixed by its first event",
    };
  }
  if (
    draft.labels !== undefined &&
    !isSameSet(draft.labels, state.snapshot.labels ?? [])
  ) {
    return {
      code: "labels_fixed",
      detail: "The labels of a task are fixed by its first event",
    };
  }
  return undefined;
}

/** Compares lists of distinct strings, regardless of the order. */
function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item) => b.includes(item));
}
