import type { EventDraft } from "./draft.ts";
import type {
  Snapshot,
  TaskDescription,
  TaskEvent,
  TaskMembers,
} from "./event.ts";
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

/** The members that a draft names, with `progress` worked out where it can be. */
export function takeMembers(
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
