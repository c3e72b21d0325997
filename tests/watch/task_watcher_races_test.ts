import { assert, assertEquals, assertLess } from "@std/assert";
import { FakeTime } from "../support/fake_time.ts";
import { settle, upTo, watchedId, WatchedTask } from "../support/watching.ts";

for (const moment of ["before", "after"] as const) {
  for (const resumes of [true, false]) {
    const how = resumes ? "resuming" : "without a position";
    Deno.test(`TaskWatcher ${how} misses and repeats nothing that is published just ${moment} its reads`, async () => {
      const task = new WatchedTask();
      const { epoch } = await task.publishMany(3);
      task.hooks = {
        [moment]: (count: number) => count <= 3 && task.publish(),
      };
      const { outlet, started } = task.watch(
        resumes ? { epoch, offset: 1 } : undefined,
      );
      await started;
      const last = await task.publish();
      const [sync, ...events] = outlet.frames;
      assertEquals(sync?.type, "sync");
      assertEquals(
        events.map(({ offset }) => offset),
        upTo(last.offset, Number(sync?.offset) + 1),
      );
    });
  }
}

Deno.test("TaskWatcher counts as reached by events published while joining", async () => {
  const task = new WatchedTask();
  const delivered: number[] = [];
  task.hooks = {
    after: async (count) => {
      if (count === 1) delivered.push((await task.publish()).delivered);
    },
  };
  await task.watch().started;
  assertEquals(delivered, [1]);
});

Deno.test("TaskWatcher sends a long history in slices, while more is published", async () => {
  const task = new WatchedTask();
  const { epoch } = await task.publishMany(1_000);
  task.hooks = { after: (count) => count <= 10 && task.publish() };
  const { outlet, started } = task.watch({ epoch, offset: 0 });
  await started;
  await task.publish();
  assertEquals(outlet.offsets, upTo(1_011));
  assertEquals(outlet.frames.filter(({ type }) => type === "sync").length, 1);
});

Deno.test("TaskWatcher sends a long history at the outlet's pace, unmerged", async () => {
  const task = new WatchedTask();
  const { epoch } = await task.publishMany(300);
  const { outlet, started } = task.watch({ epoch, offset: 0 });
  outlet.congest();
  for (let sent = 0; sent < 3; sent += 1) {
    outlet.drain();
    await settle();
    outlet.congest();
    await settle();
  }
  outlet.drain();
  await started;
  assertEquals([outlet.offsets, task.merged], [upTo(300), 0]);
});

Deno.test("TaskWatcher reads each event of a long history once, in slices bounded by their size", async () => {
  const task = new WatchedTask();
  const data = "x".repeat(60_000);
  let epoch = "";
  for (let count = 1; count <= 30; count += 1) {
    ({ epoch } = await task.publish({ data }));
  }
  let read = 0;
  task.hooks = {
    after: (_, slice) => {
      const { events = [] } = slice ?? {};
      read += events.length;
      const size = events.reduce((sum, { json }) => sum + json.length, 0);
      assertLess(size, 32_768 + 61_000);
    },
  };
  const { outlet, started } = task.watch({ epoch, offset: 0 });
  outlet.isSlow = true;
  await started;
  await settle();
  assertEquals([outlet.offsets, read], [upTo(30), 30]);
});

Deno.test("TaskWatcher sends nothing more of a history that is deleted while its reader is slow", async () => {
  const task = new WatchedTask();
  const { epoch } = await task.publishMany(50);
  const { outlet, started } = task.watch({ epoch, offset: 0 });
  outlet.isSlow = true;
  while (outlet.offsets.length < 3) await settle();
  await task.store.forget(watchedId);
  await started;
  await settle();
  const types = outlet.frames.map(({ type }) => type);
  const before = types.indexOf("deleted");
  assertEquals(types.slice(before), ["deleted", "sync"]);
  assertLess(before, 50);
});

Deno.test("TaskWatcher stops reading if the task was deleted while catching up", async () => {
  const task = new WatchedTask();
  await task.publishMany(3);
  const { outlet, started } = task.watch();
  task.hooks = {
    after: async (count) => {
      if (count > 1) return;
      await task.publish();
      await task.store.forget(watchedId);
    },
  };
  await started;
  assertEquals(task.reads, 3);
  const { epoch } = await task.publish();
  await settle();
  const [sync, event] = outlet.frames.slice(-2);
  assertEquals([sync?.epoch, sync?.offset, sync?.task], [epoch, 0, null]);
  assertEquals([event?.type, event?.offset], ["task", 1]);
});

Deno.test("TaskWatcher sends a new sync if the task began anew", async () => {
  using time = new FakeTime();
  const task = new WatchedTask({ historyTtlMs: 1_000 });
  const old = await task.publishMany(3);
  const { outlet, started } = task.watch();
  await started;
  time.tick(1_000);
  const { epoch } = await task.publish({ message: "anew" });
  await time.runMicrotasks();
  assert(epoch !== old.epoch);
  const [, sync] = outlet.frames;
  assertEquals(
    [sync?.type, sync?.epoch, sync?.offset, sync?.recovered],
    ["sync", epoch, 1, false],
  );
  await task.publish();
  assertEquals(outlet.offsets, [2]);
});
