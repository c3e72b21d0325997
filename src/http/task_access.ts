import { ProblemError } from "../protocol/problem.ts";
import {
  type Change,
  noSuchTask,
  outOfReach,
  type TaskState,
} from "../tasks/state.ts";
import type { Store } from "../tasks/store.ts";
import {
  covers,
  isLimited,
  reaches,
  type TaskLimits,
} from "../tasks/task_limits.ts";

/**
 * Refuses a JWT limited to some tasks, on a route about the whole server.
 *
 * @throws {ProblemError} 403.
 */
export function refuseLimited(limits: TaskLimits): void {
  if (!isLimited(limits)) return;
  throw notAllowed(
    "The token is limited to some tasks by its 'tasks' or 'labels' claim, and this route shows or changes the whole server: use a token without these claims, or an API key",
  );
}

/**
 * Limits a change to the tasks in reach of a credential. A limit by labels is
 * judged together with the change: another publisher may create or delete the
 * task in between.
 *
 * @throws {ProblemError} 403 for a task that no label could bring into reach.
 */
export function limitChange(
  limits: TaskLimits,
  taskId: string,
  change: Change,
): Change {
  if (!isLimited(limits) || covers(limits.tasks ?? [], taskId)) return change;
  if (limits.labels) return { ...change, within: limits.labels };
  throw notAllowed();
}

/**
 * Refuses a task that no label could bring into reach, before the task is read.
 *
 * @throws {ProblemError} 403.
 */
export function checkTask(limits: TaskLimits, taskId: string): void {
  if (!limits.labels && !reaches(limits, taskId, undefined)) throw notAllowed();
}

/**
 * Checks a task that was read.
 *
 * @returns The state.
 * @throws {ProblemError} 403 for a task out of reach, 404 for an unknown task.
 */
export function checkState(
  limits: TaskLimits,
  taskId: string,
  state: TaskState | undefined,
): TaskState {
  if (state === undefined) throw unknownTask();
  if (reaches(limits, taskId, state.snapshot.labels)) return state;
  throw notAllowed();
}

/**
 * Returns the epoch of the history that the credential may delete; `undefined`
 * for any. Labels are fixed for an epoch, but a newer history under the same id
 * may have other labels.
 *
 * @throws {ProblemError} 403 for a task out of reach, 404 for an unknown task.
 */
export async function epochWithin(
  limits: TaskLimits,
  taskId: string,
  store: Pick<Store, "read">,
): Promise<string | undefined> {
  checkTask(limits, taskId);
  if (reaches(limits, taskId, undefined)) return undefined;
  const { state } = await store.read(taskId);
  return checkState(limits, taskId, state).snapshot.epoch;
}

/** Returns a 404 for an unknown task. */
export function unknownTask(): ProblemError {
  return new ProblemError({
    status: 404,
    code: "task_unknown",
    detail: noSuchTask,
  });
}

function notAllowed(detail = outOfReach): ProblemError {
  return new ProblemError({ status: 403, code: "task_not_allowed", detail });
}
