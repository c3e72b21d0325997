import { covers } from "../tasks/task_limits.ts";
import type { Identity } from "./identity.ts";

/**
 * Checks the right to watch a task (spec §2, 'Event rules').
 *
 * Only the owner may watch a private task; a guest is never the owner, even
 * with the same id. A token with a `tasks` claim gives access to the listed
 * tasks only, private or not.
 *
 * @param owner The user id of a private task, compared as text; `undefined`
 * for a public task.
 */
export function mayWatch(
  identity: Identity,
  taskId: string,
  owner: string | undefined,
): boolean {
  if (identity.status !== "authenticated") return owner === undefined;
  const { tasks } = identity.grant;
  if (tasks !== undefined && !covers(tasks, taskId)) return false;
  return owner === undefined || owner === identity.userId;
}
