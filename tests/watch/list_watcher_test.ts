import { assertEquals, assertRejects } from "@std/assert";
import { describeTask } from "../../src/tasks/snapshot.ts";
import { StoreUnavailableError } from "../../src/tasks/store.ts";
import { FakeTime } from "../support/fake_time.ts";
import { Listing } from "../support/listing.ts";
import type { Frame } from "../support/socket.ts";

/** Lets time pass, and all that is due happen. */
async function pass(time: FakeTime, ms: number): Promise<void> {
  time.tick(ms);
  await time.runMicrotasks();
}

/** Puts tasks into a store, a millisecond apart. */
async function putAll(
  bench: Listing,
  time: FakeTime,
  ids: Iterable<string>,
): Promise<void> {
  for (const id of ids) {
    await bench.put(id);
    time.tick(1);
  }
}

/** Describes frames in short: the type, and the id of the task. */
function inShort(frames: readonly Frame[]): string[] {
  return frames.map(({ type, task, connection_id }) => {
    const id = (task as Frame | undefined)?.connection_id ?? connection_id;
    return id === undefined ? `${type}` : `${type} ${id}`;
  });
}

Deno.test("ListWatcher.start() sends the snapshots as sync does, newest change first", async () => {
  using time = new FakeTime();
  using bench = new Listing();
  await bench.put("a", { message: "first" });
  time.tick(1);
  await bench.put("b", { data: { rows: 7 } });
  time.tick(1);
  await bench.put("a", { progress: 0.5, status: "running" });
  await bench.store.publish("a", { kind: "cancel" });
  bench.hub.watcherCount = (taskId) => taskId === "a" ? 3 : 0;
  const { outlet, started } = bench.open();
  await started;
  const [a, b] = (await bench.store.list({ limit: 2 })).states;
  assertEquals(outlet.frames, [{
    type: "list",
    list: "mine",
    tasks: [a && describeTask(a, 3), b && describeTask(b, 0)],
    complete: true,
  }]);
});

Deno.test("ListWatcher.start() says that the list is incomplete only if more tasks match", async () => {
  using time = new FakeTime();
  using bench = new Listing();
  await putAll(bench, time, "abc");
  const complete: unknown[] = [];
  for (const limit of [2, 3, 4]) {
    const { outlet, started } = bench.open({ limit });
    await started;
    complete.push(outlet.frames[0]?.complete);
  }
  assertEquals(complete, [false, true, true]);
});

Deno.test("ListWatcher.start() finds the few tasks that a token covers among many", async () => {
  using bench = new Listing();
  await bench.put("covered 1");
  for (let count = 0; count < 1_200; count += 1) await bench.put(`${count}`);
  await bench.put("covered 2");
  const mayWatch = (taskId: string) => taskId.startsWith("covered");
  for (
    const [limit, ids] of [
      [1, ["covered 2"]],
      [2, ["covered 2", "covered 1"]],
      [9, ["covered 2", "covered 1"]],
    ] as [number, string[]][]
  ) {
    const { outlet, started } = bench.open({ limit }, mayWatch);
    await started;
    const { tasks, complete } = outlet.frames[0] ?? {};
    assertEquals((tasks as Frame[]).map((task) => task.connection_id), ids);
    assertEquals(complete, limit > 1);
  }
});

Deno.test("ListWatcher.start() sends tasks beyond 256 KiB as updates, at the reader's speed", async () => {
  using time = new FakeTime();
  using bench = new Listing();
  const data = "x".repeat(60_000);
  const ids = Array.from({ length: 60 }, (_, index) => `task ${index}`);
  for (const id of ids) {
    await bench.put(id, { data });
    time.tick(1);
  }
  const opened = bench.open({ limit: 500 });
  const { outlet, started } = opened;
  outlet.isSlow = true;
  await started;
  const { tasks, complete } = outlet.frames[0] ?? {};
  assertEquals([(tasks as Frame[]).length, complete], [5, true]);
  for (let sent = 1; sent <= 55; sent += 1) {
    assertEquals(outlet.frames.length, sent);
    await pass(time, 1);
  }
  assertEquals(opened.client.ids, ids.toReversed());
});

Deno.test("ListWatcher.start() does not wait for changes as fast as the store is read", async () => {
  using time = new FakeTime();
  using bench = new Listing();
  await putAll(bench, time, "ab");
  let goesOn = true;
  bench.hooks.before = async () => {
    if (!goesOn) return;
    await bench.put("brief", { status: "succeeded" });
    await bench.store.forget("brief");
  };
  const opened = bench.open();
  await opened.started;
  assertEquals(inShort(opened.outlet.frames), ["list"]);
  goesOn = false;
  await time.runMicrotasks();
  await bench.put("c", { status: "succeeded" });
  assertEquals(opened.client.ids, ["c", "b", "a"]);
});

for (const moment of ["before", "after"] as const) {
  for (
    const [what, change] of [
      ["changes", (bench) => bench.put("b", { status: "failed" })],
      ["begins", (bench) => bench.put("e")],
      ["is deleted", (bench) => bench.store.forget("a")],
      ["begins anew with another owner", async (bench) => {
        await bench.store.forget("b");
        await bench.put("b", { user_id: "8" });
      }],
      ["begins anew", async (bench) => {
        await bench.store.forget("c");
        await bench.put("c", { message: "anew" });
      }],
    ] as [string, (bench: Listing) => Promise<unknown>][]
  ) {
    Deno.test(`ListWatcher.start() misses no task that ${what} just ${moment} a read`, async () => {
      for (const last of [1, 2]) {
        using time = new FakeTime();
        using bench = new Listing();
        await putAll(bench, time, ["a", "b", "c", "brief"]);
        bench.hooks[moment] = async (count) => {
          time.tick(1);
          // Makes the list read a task.
          if (count === 1) await bench.store.forget("brief");
          if (count === last) await change(bench);
        };
        const opened = bench.open();
        await opened.started;
        await time.runMicrotasks();
        await pass(time, 100);
        const { states } = await bench.store.list({ owner: "7", limit: 9 });
        assertEquals(
          opened.client.tasks,
          states.map((state) => describeTask(state, 0)),
        );
      }
    });
  }
}

Deno.test("ListWatcher.start() throws an error of the store that is no outage", async () => {
  using bench = new Listing();
  bench.hooks.before = () => {
    throw new StoreUnavailableError("broken");
  };
  await assertRejects(() => bench.open().started, StoreUnavailableError);
});

Deno.test("ListWatcher.start() does nothing for a closed connection", async () => {
  using bench = new Listing();
  const { list, outlet, started } = bench.open();
  await started;
  outlet.end();
  await list.start();
  assertEquals([bench.hub.lists.listCount, outlet.frames.length], [0, 1]);
});

for (const ending of ["stop", "end"] as const) {
  Deno.test(`ListWatcher sends no more frames if ${ending === "stop" ? "stopped" : "its connection ends"} during a read`, async () => {
    for (let last = 1; last <= 2; last += 1) {
      using time = new FakeTime();
      using bench = new Listing();
      await bench.put("a");
      bench.hooks.after = async (count) => {
        if (count === 1) {
          // Makes the list read a task.
          await bench.put("b");
          await bench.store.forget("b");
        }
        if (count < last) return;
        if (ending === "stop") opened.list.stop();
        else opened.outlet.end();
      };
      const opened = bench.open();
      await opened.started;
      await pass(time, 1_000);
      await bench.put("a", { status: "failed" });
      await pass(time, 1_000);
      assertEquals(opened.outlet.frames.length, last - 1);
      assertEquals(bench.hub.lists.listCount, 0);
    }
  });
}

Deno.test("ListWatcher.update() sends a change of a task that matches, once", async () => {
  using time = new FakeTime();
  using bench = new Listing();
  const opened = bench.open({ statuses: ["queued", "running"] });
  await opened.started;
  await bench.put("a", { status: "queued" });
  await bench.put("other", { user_id: "8" });
  await bench.put("failed", { status: "failed" });
  await pass(time, 100);
  await bench.put("a", { status: "running" });
  await pass(time, 100);
  await bench.put("a", { status: "succeeded" });
  await pass(time, 100);
  assertEquals(inShort(opened.outlet.frames), [
    "list",
    "list_update a",
    "list_update a",
    "list_remove a",
  ]);
});

Deno.test("ListWatcher.update() shows no task that the client may not watch", async () => {
  using time = new FakeTime();
  using bench = new Listing();
  await putAll(bench, time, ["may 1", "not 1"]);
  const opened = bench.open({}, (taskId) => taskId.startsWith("may"));
  await opened.started;
  await putAll(bench, time, ["not 1", "may 2", "not 2"]);
  await pass(time, 100);
  assertEquals(opened.client.ids, ["may 2", "may 1"]);
});

Deno.test("ListWatcher.update() sends no change that is older than a list read meanwhile", async () => {
  using time = new FakeTime();
  using bench = new Listing();
  const opened = bench.open();
  await opened.started;
  await bench.put("a");
  await bench.put("b");
  const { announce } = bench.hub;
  bench.hub.announce = () => 0; // as if announced later
  await bench.put("a");
  await bench.store.publish("b", { kind: "cancel" });
  bench.hub.announce = announce;
  opened.list.refresh();
  await time.runMicrotasks();
  await pass(time, 100);
  assertEquals(inShort(opened.outlet.frames), [
    "list",
    "list_update b",
    "list_update a",
  ]);
  const [a, b] = opened.client.tasks.toSorted((one, other) =>
    one.connection_id < other.connection_id ? -1 : 1
  );
  assertEquals([a?.offset, b?.cancel_requested], [2, true]);
});

Deno.test("ListWatcher.update() sends a request to cancel, and leaves the task in place", async () => {
  using time = new FakeTime();
  using bench = new Listing();
  await putAll(bench, time, "abc");
  const opened = bench.open({ limit: 2 });
  await opened.started;
  for (const id of "ab") await bench.store.publish(id, { kind: "cancel" });
  await pass(time, 100);
  // The list is full of newer changes than those of the first task.
  assertEquals(opened.client.ids, ["c", "b"]);
  assertEquals(opened.client.tasks[1]?.cancel_requested, true);
  await putAll(bench, time, "d");
  await pass(time, 100);
  assertEquals(opened.client.ids, ["d", "c"]);
});

Deno.test("ListWatcher.update() removes the oldest task from a full list, in the order of changes", async () => {
  using time = new FakeTime();
  using bench = new Listing();
  const opened = bench.open({ limit: 2 });
  await opened.started;
  await putAll(bench, time, "aba"); // merged: a is delivered before b
  await pass(time, 100);
  await putAll(bench, time, "c");
  await pass(time, 100);
  assertEquals(inShort(opened.outlet.frames), [
    "list",
    "list_update a",
    "list_update b",
    "list_remove b",
    "list_update c",
  ]);
  assertEquals(opened.client.ids, ["c", "a"]);
});

Deno.test("ListWatcher.update() leaves the order within a millisecond to the store", async () => {
  using time = new FakeTime();
  using bench = new Listing();
  const opened = bench.open({ limit: 2 });
  await opened.started;
  for (const id of "abcacd") await bench.put(id);
  await pass(time, 100);
  await pass(time, 3_000);
  assertEquals(opened.client.ids.toSorted(), ["c", "d"]);
  const { length } = bench.calls;
  await pass(time, 10_000);
  assertEquals(bench.calls.length, length);
});

Deno.test("ListWatcher.remove() makes room for a task beyond the limit", async () => {
  using time = new FakeTime();
  using bench = new Listing();
  await putAll(bench, time, "abc");
  const opened = bench.open({ limit: 2 });
  await opened.started;
  await bench.store.forget("c");
  await time.runMicrotasks();
  assertEquals(inShort(opened.outlet.frames), [
    "list",
    "list_remove c",
    "list_update a",
  ]);
  // Now the list is complete, and need not be read.
  const { length } = bench.calls;
  await bench.store.forget("b");
  await pass(time, 3_000);
  assertEquals([opened.client.ids, bench.calls.length], [["a"], length]);
});

Deno.test("ListWatcher.remove() reads the list once a second at most", async () => {
  using time = new FakeTime();
  using bench = new Listing();
  const ids = Array.from({ length: 40 }, (_, index) => `task ${index}`);
  await putAll(bench, time, ids);
  const opened = bench.open({ limit: 20 });
  await opened.started;
  for (const id of ids.slice(25)) {
    await bench.store.forget(id);
    await time.runMicrotasks();
  }
  assertEquals(bench.calls.length, 2);
  await pass(time, 1_000);
  assertEquals(bench.calls.length, 3);
  assertEquals(opened.client.ids, ids.slice(5, 25).reverse());
});

Deno.test("ListWatcher.refresh() sends the differences alone, the newest change last", async () => {
  using time = new FakeTime();
  using bench = new Listing();
  await putAll(bench, time, "abcd");
  const opened = bench.open();
  await opened.started;
  const { announce } = bench.hub;
  bench.hub.announce = () => 0; // lost
  await putAll(bench, time, "eb");
  await bench.store.forget("c");
  bench.hub.announce = announce;
  bench.hub.announce({ kind: "topic_missed", topic: "owner:7" });
  await time.runMicrotasks();
  assertEquals(inShort(opened.outlet.frames), [
    "list",
    "list_remove c",
    "list_update e",
    "list_update b",
  ]);
});

Deno.test("ListWatcher.check() removes expired tasks", async () => {
  using time = new FakeTime();
  using bench = new Listing({ historyTtlMs: 60_000 });
  await putAll(bench, time, "ab");
  const opened = bench.open();
  await opened.started;
  await pass(time, 30_000);
  await putAll(bench, time, "b");
  await pass(time, 29_000);
  assertEquals(opened.client.ids, ["b", "a"]);
  await pass(time, 2_000);
  assertEquals(opened.client.ids, ["b"]);
  await pass(time, 30_000);
  assertEquals(opened.client.ids, []);
});

Deno.test("ListWatcher.check() leaves a task that has expired by this server's clock alone", async () => {
  using time = new FakeTime();
  using bench = new Listing({ historyTtlMs: 60_000 });
  await bench.put("a");
  const opened = bench.open();
  await opened.started;
  opened.list.check(Date.now() + 1_000);
  await time.runMicrotasks();
  assertEquals([inShort(opened.outlet.frames), bench.calls], [
    ["list"],
    ["list", "list"],
  ]);
});

Deno.test("ListWatcher.removeForbidden() takes the tasks that may not be watched any more", async () => {
  using time = new FakeTime();
  using bench = new Listing();
  await putAll(bench, time, "abc");
  let allowed = "abc";
  const opened = bench.open({}, (taskId) => allowed.includes(taskId));
  await opened.started;
  allowed = "b";
  opened.list.removeForbidden();
  assertEquals(opened.client.ids, ["b"]);
  opened.list.removeAll();
  assertEquals(opened.client.ids, []);
});
