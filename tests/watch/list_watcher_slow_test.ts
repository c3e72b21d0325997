import { assertEquals } from "@std/assert";
import { FakeTime } from "../support/fake_time.ts";
import { Listing, type OpenedList } from "../support/listing.ts";
import { upTo } from "../support/watching.ts";

/** Opens a list, then sends a frame that fills the buffer of the reader. */
async function openSlow(bench: Listing): Promise<OpenedList> {
  const opened = bench.open({ limit: 500 });
  await opened.started;
  opened.outlet.congest();
  await bench.put("first", { status: "succeeded" });
  assertEquals(opened.outlet.frames.length, 2);
  return opened;
}

Deno.test("ListWatcher sends nothing to a slow reader, then the newest state of each task, once", async () => {
  using time = new FakeTime();
  using bench = new Listing();
  await bench.put("deleted");
  const opened = await openSlow(bench);
  const { outlet } = opened;
  for (const current of upTo(50)) {
    for (const id of ["a", "b", "passing"]) await bench.put(id, { current });
    time.tick(100);
  }
  for (const id of ["deleted", "passing"]) await bench.store.forget(id);
  await bench.put("b", { status: "succeeded" });
  await time.runMicrotasks();
  assertEquals(outlet.frames.length, 2);
  outlet.drain();
  await time.runMicrotasks();
  // No task is removed that the client never had.
  assertEquals(outlet.frames.length, 5);
  assertEquals(
    opened.client.tasks.map(({ connection_id, current, status }) => [
      connection_id,
      current,
      status,
    ]),
    [
      ["b", 50, "succeeded"],
      ["a", 50, "running"],
      ["first", undefined, "succeeded"],
    ],
  );
  time.tick(1);
  await bench.put("a", { status: "failed" });
  assertEquals(opened.client.tasks[0]?.status, "failed");
});

Deno.test("ListWatcher sends the missed changes at the reader's speed", async () => {
  using time = new FakeTime();
  using bench = new Listing();
  const opened = await openSlow(bench);
  const { outlet } = opened;
  const ids = upTo(20).map((index) => `task ${index}`);
  for (const id of ids) await bench.put(id);
  time.tick(100);
  await time.runMicrotasks();
  outlet.isSlow = true;
  outlet.drain();
  for (let sent = 0; sent < 20; sent += 1) {
    await time.runMicrotasks();
    assertEquals(outlet.frames.length, 3 + sent);
    time.tick(1);
  }
  assertEquals(opened.client.tasks.length, 21);
});

Deno.test("ListWatcher does not read the store for a burst that a fast reader takes", async () => {
  using time = new FakeTime();
  using bench = new Listing();
  const opened = await openSlow(bench);
  for (const index of upTo(100)) {
    await bench.put(`task ${index}`, { status: "succeeded" });
  }
  opened.outlet.drain();
  await time.runMicrotasks();
  assertEquals(bench.calls, ["list"]);
  assertEquals(opened.client.tasks.length, 101);
});

Deno.test("ListWatcher holds little for a slow reader: larger tasks are read", async () => {
  using time = new FakeTime();
  using bench = new Listing();
  const opened = await openSlow(bench);
  const data = "x".repeat(30_000);
  for (const id of ["a", "b", "c", "a", "d"]) await bench.put(id, { data });
  time.tick(100);
  opened.outlet.drain();
  await time.runMicrotasks();
  // Two tasks fit.
  assertEquals(bench.calls, ["list", "read", "read"]);
  assertEquals(opened.client.tasks.length, 5);
});

Deno.test("ListWatcher reads the list for a slow reader if many tasks have changed", async () => {
  using time = new FakeTime();
  using bench = new Listing();
  const opened = await openSlow(bench);
  for (const index of upTo(3_000)) {
    await bench.put(`task ${index}`, { status: "succeeded" });
  }
  assertEquals(bench.calls, ["list"]);
  opened.outlet.drain();
  await time.runMicrotasks();
  assertEquals(bench.calls, ["list", "list"]);
  assertEquals(opened.client.tasks.length, 500);
  assertEquals(opened.outlet.frames.length, 2 + 1 + 500);
});

Deno.test("ListWatcher reads nothing for a reader that has gone", async () => {
  using time = new FakeTime();
  using bench = new Listing();
  const { outlet } = await openSlow(bench);
  await bench.put("a", { status: "succeeded" });
  outlet.end();
  await time.runMicrotasks();
  assertEquals([bench.calls, outlet.failures], [["list"], []]);
});
