import { assertEquals } from "@std/assert";
import type { ListQuery, TaskList } from "../../src/client/api.ts";
import { FollowedList } from "../../src/client/followed_list.ts";
import { createUpdateQueue } from "../../src/client/update_queue.ts";

function makeList(query: ListQuery = { mine: true }) {
  const queue = createUpdateQueue<TaskList>([], () => {});
  const list = new FollowedList(1, query, queue);
  /** Takes frames; returns the ids in the list, and `…` if the server has more tasks. */
  async function take(...frames: unknown[]): Promise<string> {
    for (const frame of frames) list.take(frame);
    const { value } = await queue.next();
    const ids = value.tasks.map((
      { connection_id }: { connection_id: string },
    ) => connection_id);
    return `${ids.join(" ")}${value.complete ? "" : " …"}`;
  }
  return { list, queue, take };
}

/** A task that changed in a second of a minute. */
function task(connection_id: string, second: number) {
  return { connection_id, updated_at: `2026-11-23T20:20:0${second}.000Z` };
}

const listOf = (...tasks: unknown[]) => ({
  type: "list",
  list: "1",
  tasks,
  complete: true,
});

const update = (connection_id: string, second: number) => ({
  type: "list_update",
  list: "1",
  task: task(connection_id, second),
});

const removal = (connection_id: string) => ({
  type: "list_remove",
  list: "1",
  connection_id,
});

Deno.test("FollowedList.take() adds, moves and removes tasks, newest change first", async () => {
  const { take } = makeList();
  assertEquals(await take(listOf(task("b", 2), task("a", 1))), "b a");
  assertEquals(await take(update("c", 3)), "c b a");
  assertEquals(await take(update("a", 4)), "a c b");
  assertEquals(await take(removal("c")), "a b");
  assertEquals(await take(removal("unknown")), "a b");
});

Deno.test("FollowedList.take() sorts updates that come in another order", async () => {
  const { take } = makeList();
  await take(listOf(task("a", 5)));
  assertEquals(await take(update("b", 9)), "b a");
  assertEquals(await take(update("c", 3)), "b a c");
  assertEquals(await take(update("d", 5)), "b d a c");
});

Deno.test("FollowedList.take() begins anew with another list frame", async () => {
  const { take } = makeList();
  await take(listOf(task("b", 2), task("a", 1)));
  assertEquals(await take({ ...listOf(task("c", 3)), complete: false }), "c …");
});

Deno.test("FollowedList.take() notices a task beyond the limit", async () => {
  const { take } = makeList({ mine: true, limit: 2 });
  assertEquals(await take(listOf(task("b", 2), task("a", 1))), "b a");
  assertEquals(await take(update("a", 3)), "a b");
  assertEquals(await take(update("c", 4), removal("b")), "c a …");
});

Deno.test("FollowedList.take() keeps the objects of unchanged tasks", async () => {
  const { list, queue } = makeList();
  list.take(listOf(task("b", 2), task("a", 1)));
  const { value: before } = await queue.next();
  list.take(update("a", 3));
  const { value: after } = await queue.next();
  assertEquals(after.tasks[1] === before.tasks[0], true);
  assertEquals(before.tasks[1].updated_at, task("a", 1).updated_at);
});

Deno.test("FollowedList.take() replaces a list that nobody has read", async () => {
  const { take, queue } = makeList();
  assertEquals(await take(listOf(), update("a", 1), update("b", 2)), "b a");
  await queue.return();
});
