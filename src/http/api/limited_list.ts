import type { TaskState } from "../../tasks/state.ts";
import type { ListQuery, Store } from "../../tasks/store.ts";
import { reaches, type TaskLimits } from "../../tasks/task_limits.ts";

/** The most pages of the store read for one answer. */
const maxPages = 10;

/** A listed task. */
export interface ListedTask {
  readonly state: TaskState;
  /** The watchers; absent if only this process has any. */
  readonly watchers: number | undefined;
}

/** A page of tasks. */
export interface LimitedList {
  readonly tasks: readonly ListedTask[];
  /** The start of the next page; absent at the end. */
  readonly cursor?: number;
}

/**
 * Lists the tasks in reach of a credential, newest change first. An answer with
 * few tasks in reach is shorter than the limit, or empty, and has the cursor of
 * the first task not looked at: reading on always reaches the end.
 */
export async function listWithin(
  limits: TaskLimits,
  query: ListQuery,
  store: Pick<Store, "list">,
): Promise<LimitedList> {
  const tasks: ListedTask[] = [];
  let rest = query;
  for (let pages = 1;; pages += 1) {
    const { states, watchers, cursor } = await store.list(rest);
    for (const [index, state] of states.entries()) {
      const { connection_id, labels } = state.snapshot;
      if (!reaches(limits, connection_id, labels)) continue;
      tasks.push({ state, watchers: watchers?.[index] });
    }
    if (cursor === undefined) return { tasks };
    const left = query.limit - tasks.length;
    // The store ends a page early if the tasks are large.
    const isLarge = states.length < rest.limit;
    if (left === 0 || isLarge || pages === maxPages) return { tasks, cursor };
    rest = { ...rest, limit: left, cursor };
  }
}
