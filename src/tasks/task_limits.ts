/**
 * The tasks to which a backend's token is limited (spec §2): those covered by
 * either member. Without members, there is no limit.
 */
export interface TaskLimits {
  /** Ids of tasks, or prefixes ending in `*`. */
  readonly tasks?: readonly string[];
  /** Labels of tasks, or prefixes ending in `*`. */
  readonly labels?: readonly string[];
}

/** The limits of an API key. */
export const noLimits: TaskLimits = {};

/** True if a limit is set, even an empty list. */
export function isLimited({ tasks, labels }: TaskLimits): boolean {
  return tasks !== undefined || labels !== undefined;
}

/**
 * Matches a text against a list of texts, or prefixes ending in `*`.
 *
 * @example
 * ```ts
 * import { assert, assertFalse } from "@std/assert";
 *
 * assert(covers(["import", "team:*"], "team:7"));
 * assertFalse(covers(["import", "team:*"], "import_2"));
 * ```
 */
export function covers(entries: readonly string[], text: string): boolean {
  return entries.some((entry) =>
    entry.endsWith("*") ? text.startsWith(entry.slice(0, -1)) : text === entry
  );
}

/** True if the entries cover one of a task's labels. */
export function coversAny(
  entries: readonly string[],
  labels: readonly string[] = [],
): boolean {
  return labels.some((label) => covers(entries, label));
}

/** True if the limits leave the task in reach, by id or by one of the labels. */
export function reaches(
  limits: TaskLimits,
  taskId: string,
  labels: readonly string[] | undefined,
): boolean {
  if (!isLimited(limits)) return true;
  return covers(limits.tasks ?? [], taskId) ||
    coversAny(limits.labels ?? [], labels);
}
