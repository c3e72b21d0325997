import type { TaskState } from "../../tasks/state.ts";
import type { HistoryView, ListQuery, TaskList } from "../../tasks/store.ts";
import { maxPageLength, takePage } from "../list_page.ts";
import { topicsOf } from "../../tasks/topic.ts";
import { listKeys, shardBase, shards } from "./keys.ts";
import { listOf } from "./redis_task.ts";

/** A task's id with the time of the newest change, in the units of a cursor. */
export interface ListedTask {
  readonly changedAt: number;
  readonly id: string;
}

/** The tasks of a page, newest change first. */
export interface ListedTasks {
  readonly tasks: readonly ListedTask[];
  /** True if tasks follow the page. */
  readonly hasMore: boolean;
}

/** The most tasks of a page to read at once: a state may be 64 KiB long. */
const maxBatch = 16;

/** Runs the list script in a shard. */
type Ask = (base: string, args: readonly string[]) => Promise<unknown>;

/**
 * Finds the tasks of a page: reads a full page of each shard and keeps the
 * newest tasks of all.
 *
 * @param prefix The prefix of all keys.
 */
export async function listTasks(
  ask: Ask,
  prefix: string,
  { statuses, owner, labels, limit, cursor }: ListQuery,
): Promise<ListedTasks> {
  const topics = topicsOf({ owner, labels });
  const found = (await Promise.all(
    shards.map(async (shard) => {
      const base = shardBase(prefix, shard);
      const lists = listKeys(base, topics);
      const tasks: ListedTask[] = [];
      let below = String(cursor ?? "+inf");
      // A surplus task after the page shows if a next page exists.
      while (below !== "" && tasks.length <= limit) {
        const missing = String(limit + 1 - tasks.length);
        const [rest, ...items] = listOf(
          await ask(base, [statuses?.join() ?? "-", below, missing, ...lists]),
        );
        below = String(rest);
        tasks.push(...parseListed(items));
      }
      return tasks;
    }),
  )).flat().sort((one, other) => other.changedAt - one.changedAt);
  return { tasks: found.slice(0, limit), hasMore: found.length > limit };
}

/**
 * Reads the tasks of a page, in batches, until the states are long enough for an
 * answer. Tasks deleted meanwhile are left out.
 *
 * @param query The owner and the labels of the tasks.
 * @param read Reads one task.
 */
export async function readPage(
  { tasks, hasMore }: ListedTasks,
  query: Pick<ListQuery, "owner" | "labels">,
  read: (taskId: string) => Promise<HistoryView>,
): Promise<TaskList> {
  const found: { changedAt: number; length: number; view: HistoryView }[] = [];
  let length = 0;
  let readCount = 0;
  while (readCount < tasks.length && length < maxPageLength) {
    const batch = tasks.slice(readCount, readCount += maxBatch);
    const views = await Promise.all(batch.map(({ id }) => read(id)));
    for (const [index, { changedAt }] of batch.entries()) {
      const view = views[index];
      if (view?.state === undefined || !isListed(view.state, query)) continue;
      const task = {
        changedAt,
        length: JSON.stringify(view.state).length,
        view,
      };
      length += task.length;
      found.push(task);
    }
  }
  const { page, hasMore: isTooLong } = takePage(
    found,
    tasks.length,
    (task) => task.length,
  );
  const isCut = isTooLong || readCount < tasks.length;
  const last = isCut ? page.at(-1) : tasks.at(-1);
  return {
    states: page.flatMap(({ view }) => view.state ?? []),
    watchers: page.map(({ view }) => view.watchers ?? 0),
    ...(last && (isCut || hasMore) ? { cursor: last.changedAt } : {}),
  };
}

/**
 * True if a task has the owner and all labels of a list. A list may still have
 * a task that has expired and begun anew.
 */
function isListed(
  { owner, snapshot }: TaskState,
  query: Pick<ListQuery, "owner" | "labels">,
): boolean {
  return (query.owner === undefined || query.owner === owner) &&
    (query.labels ?? []).every((label) => snapshot.labels?.includes(label));
}

/** Parses scores and ids in the reply of the list script. */
export function parseListed(items: readonly unknown[]): ListedTask[] {
  return items.flatMap((item, index) =>
    index % 2 === 0
      ? [{ changedAt: Number(item), id: String(items[index + 1]) }]
      : []
  );
}
