import type { ClearedMember, Task, TaskEvent, TaskSync } from "./api.ts";

/** True if a task with this status has ended: no other status begins so. */
export function isFinal(status: string = ""): boolean {
  return /^[cfs]/.test(status);
}

/**
 * Adds an event to the state of a task.
 *
 * @param state The `sync` of the watch, with the task after the events before.
 * @returns The task after the event.
 */
export function foldEvent({ task, epoch }: TaskSync, event: TaskEvent): Task {
  const { type: _, skipped: __, cleared = [], ...members } = event;
  const { attempt, status, timestamp: time } = event;
  const kept: { -readonly [Name in keyof Task]?: Task[Name] } = { ...task };
  const dropped:
    (ClearedMember | "rate" | "eta" | "started_at" | "ended_at")[] = [
      "rate",
      "eta",
      ...cleared,
    ];
  if (task && attempt > task.attempt) {
    dropped.push(
      "progress",
      "current",
      "message",
      "data",
      "started_at",
      "ended_at",
    );
  }
  for (const name of dropped) delete kept[name];
  return {
    created_at: time,
    ...(status === "running" ? { started_at: time } : {}),
    ...(isFinal(status) ? { ended_at: time } : {}),
    ...kept,
    ...members,
    epoch,
    updated_at: time,
  };
}
