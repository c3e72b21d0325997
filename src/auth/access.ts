import type { Identity } from "./identity.ts";

/**
 * Whether somebody may watch a task (spec §2, 'Event rules').
 *
 * A task with an owner is its owner's alone, and a guest never qualifies,
 * whatever the guest id. A token with a `tasks` claim opens those tasks and no
 * others, private or not.
 *
 * @param owner The user id of a private task, compared as text; `undefined`
 * for a task that is open to whoever knows its id.
 */
export function mayWatch(
  identity: Identity,
  taskId: string,
  owner: string | undefined,
): boolean {
  if (identity.status !== "authenticated") return owner === undefined;
  const { tasks } = identity.grant;
  if (tasks !== undefined && !tasks.some((id) => covers(id, taskId))) {
    return false;
  }
  return owner === undefined || owner === identity.userId;
}

/** Whether one entry of a `tasks` claim, an id or a prefix and `*`, names a task. */
function covers(entry: string, taskId: string): boolean {
  return entry.endsWith("*")
    ? taskId.startsWith(entry.slice(0, -1))
    : taskId === entry;
}
