import { assertEquals, assertRejects } from "@std/assert";
import type { Announcement } from "../../src/tasks/store.ts";
import { SharedStore } from "../../src/workers/shared_store.ts";

const deleted: Announcement = { kind: "deleted", taskId: "a" };

/** A store, and workers with a record of received lines. */
function createShared(workers: number) {
  const shared = new SharedStore();
  const pushed: string[][] = [];
  const clients = Array.from({ length: workers }, () => {
    const lines: string[] = [];
    pushed.push(lines);
    return shared.join((line) => lines.push(line));
  });
  return { shared, clients, pushed };
}

Deno.test("SharedStore.announce() reaches watching workers, and counts their watchers", () => {
  const { shared, clients: [one, two], pushed } = createShared(3);
  assertEquals(shared.announce(deleted), 0);
  one?.watch("a", 2);
  two?.watch("a", 1);
  two?.watch("a", 5); // a number, not a change
  one?.watch("b", 9);
  assertEquals(shared.announce(deleted), 7);
  assertEquals(shared.watcherCount("a"), 7);
  const line = '{"kind":"deleted","taskId":"a"}\n';
  assertEquals(pushed, [[line], [line], []]);
});

Deno.test("SharedStore.announce() passes an event's JSON on unchanged, encoded once", () => {
  const { shared, clients, pushed } = createShared(2);
  for (const client of clients) client.watch("a", 1);
  const json = '{"connection_id":"a","offset":1}';
  shared.announce({
    kind: "event",
    event: JSON.parse(json),
    json,
    position: { epoch: "e", offset: 1 },
    owner: "7",
  });
  const [[line = ""] = [], [other] = []] = pushed;
  assertEquals(
    line,
    `{"kind":"event","position":{"epoch":"e","offset":1},"owner":"7"}\t${json}\n`,
  );
  assertEquals(other, line);
});

Deno.test("SharedStore removes the watchers of an ended worker", () => {
  const { shared, clients: [one, two], pushed } = createShared(2);
  one?.watch("a", 2);
  one?.watch("b", 2);
  two?.watch("a", 1);
  one?.leave();
  assertEquals([shared.watcherCount("a"), shared.watcherCount("b")], [1, 0]);
  assertEquals(shared.announce(deleted), 1);
  assertEquals(pushed.map(({ length }) => length), [0, 1]);
});

Deno.test("SharedStore refuses calls before the store is open", async () => {
  const { clients: [client] } = createShared(1);
  await assertRejects(
    async () => await client?.call({ method: "forget", taskId: "a" }, []),
    TypeError,
  );
});
