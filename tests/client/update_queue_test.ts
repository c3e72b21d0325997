import { assertEquals, assertRejects } from "@std/assert";
import { type TaskUpdate, TaskwireError } from "../../src/client/api.ts";
import { createUpdateQueue } from "../../src/client/update_queue.ts";

const deleted: TaskUpdate = { type: "deleted", connection_id: "a" };
const canceled: TaskUpdate = { type: "cancel_requested", connection_id: "a" };
const over = { done: true, value: undefined } as const;

function makeQueue(...signals: AbortSignal[]) {
  let left = 0;
  const queue = createUpdateQueue<TaskUpdate>(signals, () => left += 1);
  return { queue, left: () => left };
}

Deno.test("UpdateQueue.next() returns earlier and later updates in order", async () => {
  const { queue } = makeQueue();
  queue.push(deleted);
  assertEquals(await queue.next(), { done: false, value: deleted });
  const [first, second] = [queue.next(), queue.next()];
  queue.push(canceled);
  queue.push(deleted);
  assertEquals((await first).value, canceled);
  assertEquals((await second).value, deleted);
  await queue.return();
});

Deno.test("UpdateQueue.push() drops unread updates for an update that replaces them", async () => {
  const { queue } = makeQueue();
  queue.push(deleted);
  queue.push(canceled, true);
  assertEquals((await queue.next()).value, canceled);
  queue.push(deleted, true);
  assertEquals((await queue.next()).value, deleted);
  await queue.return();
});

Deno.test("UpdateQueue.end() comes after the queued updates", async () => {
  const { queue, left } = makeQueue();
  queue.push(deleted);
  queue.end();
  const seen = [];
  for await (const update of queue) seen.push(update);
  assertEquals(seen, [deleted]);
  assertEquals(await queue.next(), over);
  assertEquals(left(), 0);
});

Deno.test("UpdateQueue.end() throws an error once, after the queued updates", async () => {
  const { queue } = makeQueue();
  queue.push(deleted);
  queue.end(new TaskwireError("forbidden", "No", 4403));
  queue.end();
  assertEquals((await queue.next()).value, deleted);
  await assertRejects(() => queue.next(), TaskwireError, "No");
  assertEquals(await queue.next(), over);
});

Deno.test("UpdateQueue.return() drops queued updates, and ends a pending read", async () => {
  const { queue, left } = makeQueue();
  queue.push(deleted);
  assertEquals(await queue.return(), over);
  assertEquals(await queue.next(), over);
  assertEquals(left(), 1);
  const other = makeQueue();
  const waiting = other.queue.next();
  await other.queue.return();
  assertEquals(await waiting, over);
});

Deno.test("createUpdateQueue() ends on any signal, and removes the listeners", async () => {
  const [a, b] = [new AbortController(), new AbortController()];
  const { queue, left } = makeQueue(a.signal, b.signal);
  const waiting = queue.next();
  b.abort();
  assertEquals(await waiting, over);
  assertEquals(left(), 1);
  a.abort();
  assertEquals(left(), 1);
});
