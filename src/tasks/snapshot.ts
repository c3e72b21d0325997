import type { EventDraft } from "./draft.ts";
import type { Snapshot, TaskDescription, TaskEvent } from "./event.ts";
import type { TaskState } from "./state.ts";

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

/** A task as clients see it. */
export function describeTask(
  { snapshot, cancelRequested }: TaskState,
  watchers: number,
): TaskDescription {
  return {
    ...snapshot,
    watchers,
    ...(cancelRequested ? { cancel_requested: true } : {}),
  };
}

/** The progress that a draft names, or that can be worked out where it names amounts. */
export function progressOf(
  { progress, current, total }: EventDraft,
  before: Snapshot | undefined,
): number | undefined {
  if (progress !== undefined || (current ?? total) === undefined) {
    return progress;
  }
  return ratio(current ?? before?.current, total ?? before?.total);
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
