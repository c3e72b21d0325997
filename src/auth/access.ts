import { covers, coversAny } from "../tasks/task_limits.ts";
import type { TaskAudience } from "../tasks/store.ts";
import type { Identity } from "./identity.ts";

/**
 * Checks the right to watch a task (spec §2, 'Event rules').
 *
 * Only the owner may watch a private task; a guest is never the owner, even
 * with the same id. A token with a `tasks` claim gives access to the listed
 * tasks only, private or not. A `labels` claim adds every task with a covered
 * label, even if the task is private to somebody else.
 */
export function mayWatch(
  identity: Identity,
  taskId: string,
  { owner, labels }: TaskAudience,
): boolean {
  if (identity.status !== "authenticated") return owner === undefined;
  const { grant, userId } = identity;
  if (grant.labels && coversAny(grant.labels, labels)) return true;
  if (grant.tasks && !covers(grant.tasks, taskId)) return false;
  return owner === undefined || owner === userId;
}

/**
 * Checks the right to cancel a task over a socket: only the owner of a private
 * task may cancel, whoever else may watch.
 */
export function mayCancel(
  identity: Identity,
  taskId: string,
  task: TaskAudience,
): boolean {
  return identity.status === "authenticated" &&
    task.owner === identity.userId && mayWatch(identity, taskId, task);
}

/**
 * Checks the right to a list (spec §1, 'Lists'): a user may list the own tasks,
 * and a bearer of a `labels` claim the tasks with a covered label. Each task of
 * the list is checked by {@linkcode mayWatch} as well.
 *
 * @param labels The labels of all tasks; none for a list of the own tasks.
 */
export function mayList(
  identity: Identity,
  labels: readonly string[],
): boolean {
  if (identity.status !== "authenticated") return false;
  return labels.length === 0 || coversAny(identity.grant.labels ?? [], labels);
}

/** True if two identities may list and watch the same tasks. */
export function hasSameRights(one: Identity, other: Identity): boolean {
  return JSON.stringify(rightsOf(one)) === JSON.stringify(rightsOf(other));
}

function rightsOf(identity: Identity): unknown {
  if (identity.status !== "authenticated") return null;
  const { userId, grant: { tasks, labels } } = identity;
  return { userId, tasks, labels };
}
