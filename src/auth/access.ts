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
  if (tasks !== undefined && !tasks.some((id) => covers(id, taskId))) {
    return false;
  }
  return owner === undefined || owner === identity.userId;
}

/** Matches a task against an entry of a `tasks` claim: an id, or a prefix and `*`. */
function covers(entry: string, taskId: string): boolean {
  return entry.endsWith("*")
    ? taskId.startsWith(entry.slice(0, -1))
    : taskId === entry;
}
