import type { EventDraft } from "./draft.ts";
import type { Snapshot, TaskDescription, TaskEvent } from "./event.ts";
import { type Amounts, estimateAt } from "./progress_rate.ts";
import type { TaskState } from "./state.ts";
import { isTerminal } from "./status.ts";

/** The members dropped when a new attempt begins. */
const attemptMembers = [
  "progress",
  "current",
  "message",
  "data",
  "started_at",
  "ended_at",
] as const;

/** Returns the members of a task to keep when an event follows. */
export function keepMembers<Before extends Partial<Snapshot>>(
  before: Before,
  { attempt, cleared = [] }: Pick<TaskEvent, "attempt" | "cleared">,
): Before {
  const isRetry = before.attempt !== undefined && attempt > before.attempt;
  const dropped = isRetry ? [...attemptMembers, ...cleared] : cleared;
  if (dropped.length === 0) return before;
  const kept = { ...before };
  for (const name of dropped) delete kept[name];
  return kept;
}

/**
 * Applies one event to a snapshot.
 *
 * @param before `undefined` for the first event.
 */
export function foldEvent(
  before: Snapshot | undefined,
  event: TaskEvent,
  epoch: string,
): Snapshot {
  const { cleared: _, rate: __, eta: ___, ...members } = event;
  const { status, timestamp } = event;
  const kept = before && keepMembers(before, event);
  return {
    ...kept,
    ...members,
    epoch,
    created_at: before?.created_at ?? timestamp,
    updated_at: timestamp,
    ...(status === "running" && kept?.started_at === undefined
      ? { started_at: timestamp }
      : {}),
    ...(isTerminal(status) ? { ended_at: timestamp } : {}),
  };
}

/**
 * Merges two consecutive events into one event with the same effect.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const event = {
 *   type: "task",
 *   connection_id: "upload_1",
 *   attempt: 1,
 *   timestamp: "2026-01-01T00:00:00.000Z",
 * } as const;
 * const merged = mergeEvents(
 *   { ...event, event_id: "a", offset: 1, status: "queued", message: "Waiting" },
 *   { ...event, event_id: "b", offset: 2, status: "running", progress: 0.5 },
 * );
 * assertEquals(merged, {
 *   ...event,
 *   event_id: "b",
 *   offset: 2,
 *   status: "running",
 *   progress: 0.5,
 *   message: "Waiting",
 * });
 * ```
 */
export function mergeEvents(first: TaskEvent, second: TaskEvent): TaskEvent {
  const cleared = new Set([...first.cleared ?? [], ...second.cleared ?? []]);
  const { rate: _, eta: __, ...members } = first;
  return {
    ...keepMembers(members, second),
    ...second,
    ...(cleared.size === 0 ? {} : { cleared: [...cleared] }),
  };
}

/**
 * Describes a task as clients see it.
 *
 * @param now The present time, in milliseconds since 1970: a task that has
 * stalled since the newest event has no estimates any more.
 */
export function describeTask(
  { snapshot, measured, cancelRequested }: TaskState,
  watchers: number,
  now: number = Date.now(),
): TaskDescription {
  return {
    ...snapshot,
    ...(measured && snapshot.status === "running" &&
      estimateAt(measured, snapshot, now)),
    watchers,
    ...(cancelRequested ? { cancel_requested: true } : {}),
  };
}

/** Describes a task for operators: with the end of the lease, if any. */
export function describeForOperator(
  state: TaskState,
  watchers: number,
): TaskDescription & { readonly lease_ends_at?: string } {
  const { leaseEndsAtMs } = state;
  return {
    ...describeTask(state, watchers),
    ...(leaseEndsAtMs === undefined
      ? {}
      : { lease_ends_at: new Date(leaseEndsAtMs).toISOString() }),
  };
}

/**
 * Returns the progress of a draft, or the ratio of the amounts, if given. The
 * progress of a succeeded task is 1.
 */
export function progressOf(
  { status, progress, current, total }: EventDraft,
  before: Amounts | undefined,
): number | undefined {
  if (status === "succeeded") return 1;
  if (typeof progress === "number") return progress;
  if ((current ?? total ?? undefined) === undefined) return undefined;
  return ratio(
    current === undefined ? before?.current : current,
    total === undefined ? before?.total : total,
  );
}

function ratio(
  current: number | null | undefined,
  total: number | null | undefined,
): number | undefined {
  if (typeof current !== "number" || !total) return undefined;
  return Math.min(1, current / total);
}
