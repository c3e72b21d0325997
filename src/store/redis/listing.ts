import { shardBase, shards } from "./keys.ts";
import { listOf } from "./redis_task.ts";
import type { ListQuery } from "../../tasks/store.ts";

/** Some tasks, newest change first. */
export interface ListedIds {
  readonly ids: readonly string[];
  /** Where to go on; absent at the end. */
  readonly cursor?: number;
}

/**
 * Finds the tasks of a page: as many as it holds of each part, of which the
 * newest are taken.
 *
 * @param ask Runs the list script in a part.
 * @param prefix What all keys begin with.
 */
export async function listIds(
  ask: (base: string, args: readonly string[]) => Promise<unknown>,
  prefix: string,
  { status, limit, cursor }: ListQuery,
): Promise<ListedIds> {
  // One more, to know that there is.
  const args = [status ?? "-", String(cursor ?? "+inf"), String(limit + 1)];
  const found = (await Promise.all(
    shards.map(async (shard) =>
      parseListed(await ask(shardBase(prefix, shard), args))
    ),
  )).flat().sort((one, other) => other.changedAt - one.changedAt);
  const page = found.slice(0, limit);
  const last = page.at(-1);
  return {
    ids: page.map(({ id }) => id),
    ...(last && found.length > limit ? { cursor: last.changedAt } : {}),
  };
}

/** The answer of the list script. @throws {TypeError} When it is another's. */
export function parseListed(
  answer: unknown,
): { readonly changedAt: number; readonly id: string }[] {
  const items = listOf(answer);
  return items.flatMap((item, index) =>
    index % 2 === 0
      ? [{ changedAt: Number(item), id: String(items[index + 1]) }]
      : []
  );
}
