import { assert, assertEquals, assertFalse, assertLess } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { settle, upTo, WatchedTask } from "../support/watching.ts";

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

Deno.test("TaskWatcher counts as reached by what is published while it joins", async () => {
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
  let sentAtFirstTurn = Infinity;
  const { outlet, started } = task.watch({ epoch, offset: 0 });
  setTimeout(() => sentAtFirstTurn = outlet.frames.length, 0);
  await started;
  await task.publish();
  assertEquals(outlet.offsets, upTo(1_011));
  assertEquals(outlet.frames.filter(({ type }) => type === "sync").length, 1);
  // Other work, the sending itself first of all, had its turn in between.
  assertLess(sentAtFirstTurn, 500);
});

Deno.test("TaskWatcher.start() reads nothing while its outlet is congested", async () => {
  const task = new WatchedTask();
  await task.publish();
  const { outlet, started } = task.watch();
  await started;
  outlet.congest();
  await task.publishMany(3);
  await settle();
  assertEquals([outlet.offsets, task.reads], [[], 1]);
});

Deno.test("TaskWatcher sends what a congested outlet missed, once, in order", async () => {
  const task = new WatchedTask();
  const { outlet, started } = task.watch();
  await started;
  await task.publish();
  outlet.congest();
  const missed = [await task.publish(), await task.publish()];
  outlet.drain();
  await task.publish();
  await settle();
  await task.publish();
  assertEquals(missed.map(({ delivered }) => delivered), [1, 1]);
  assertEquals(outlet.offsets, upTo(5));
});

Deno.test("TaskWatcher stops where its outlet ends while congested", async () => {
  const task = new WatchedTask();
  const { outlet, started } = task.watch();
  await started;
  outlet.congest();
  await task.publish();
  outlet.end();
  await settle();
  assertEquals([outlet.offsets, outlet.failures, task.reads], [[], [], 1]);
});

Deno.test("TaskWatcher tells by another sync that history was cut while its outlet was congested", async () => {
  const task = new WatchedTask({ historyLimit: 10 });
  const { outlet, started } = task.watch();
  await started;
  outlet.congest();
  await task.publishMany(25);
  outlet.drain();
  await settle();
  const { type, offset, recovered } = outlet.frames[1] ?? {};
  assertEquals([type, offset, recovered], ["sync", 25, false]);
  await task.publish();
  assertEquals(outlet.offsets, [26]);
});

Deno.test("TaskWatcher tells by another sync that the task began anew", async () => {
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

Deno.test("TaskWatcher comes to rest where the task was forgotten while it caught up", async () => {
  using time = new FakeTime();
  const task = new WatchedTask({ historyTtlMs: 1_000 });
  const { outlet, started } = task.watch();
  await started;
  outlet.congest();
  await task.publish();
  time.tick(1_000);
  outlet.drain();
  await time.runMicrotasks();
  for (let turn = 0; turn < 5; turn += 1) await time.nextAsync();
  assertFalse(await time.nextAsync(), "something still runs");
  assertEquals(outlet.offsets, []);
});
