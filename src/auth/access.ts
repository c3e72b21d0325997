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
