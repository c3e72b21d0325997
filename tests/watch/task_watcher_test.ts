import { assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "../support/fake_time.ts";
import { upTo, watchedId, WatchedTask } from "../support/watching.ts";

Deno.test("TaskWatcher.start() sends only sync before the first event", async () => {
  const task = new WatchedTask();
  const { outlet, started } = task.watch();
  await started;
  const { epoch } = await task.store.read(watchedId);
  assertEquals(outlet.frames, [
    { type: "sync", epoch, offset: 0, recovered: false, task: null },
  ]);
});

Deno.test("TaskWatcher.start() sends the snapshot and no events without a position", async () => {
  const task = new WatchedTask();
  await task.publish({ progress: 0.1 });
  const { epoch } = await task.publish({ message: "half way" });
  const { outlet, started } = task.watch();
  await started;
  const { state } = await task.store.read(watchedId);
  assertEquals(outlet.frames, [{
    type: "sync",
    epoch,
    offset: 2,
    recovered: false,
    task: { ...state?.snapshot, watchers: 1 },
  }]);
});

Deno.test("TaskWatcher.start() counts all watchers in the snapshot", async () => {
  const task = new WatchedTask();
  await task.publish();
  await task.watch().started;
  const { outlet, started } = task.watch();
  await started;
  assertEquals((outlet.frames[0]?.task as { watchers: number }).watchers, 2);
});

for (const seen of [0, 1, 3, 5]) {
  Deno.test(`TaskWatcher.start() resumes after event ${seen} of 5`, async () => {
    const task = new WatchedTask();
    const { epoch } = await task.publishMany(5);
    const { outlet, started } = task.watch({ epoch, offset: seen });
    await started;
    const { type, offset, recovered } = outlet.frames[0] ?? {};
    assertEquals([type, offset, recovered], ["sync", seen, true]);
    assertEquals(outlet.offsets, upTo(5, seen + 1));
  });
}

for (
  const [criterion, position] of [
    ["another epoch", { epoch: "another" }],
    ["an offset that is yet to come", { offset: 21 }],
    ["an offset before what history keeps", { offset: 9 }],
    ["an offset that was no number", { offset: -1 }],
  ] as const
) {
  Deno.test(`TaskWatcher.start() does not recover from ${criterion}`, async () => {
    const task = new WatchedTask({ historyLimit: 10 });
    const last = await task.publishMany(20);
    const { outlet, started } = task.watch({ ...last, ...position });
    await started;
    const [{ offset, recovered } = {}] = outlet.frames;
    assertEquals([outlet.frames.length, offset, recovered], [1, 20, false]);
    await task.publish();
    assertEquals(outlet.offsets, [21]);
  });
}

Deno.test("TaskWatcher.deliver() forwards events in the turn of their publish", async () => {
  const task = new WatchedTask();
  const { outlet, started } = task.watch();
  await started;
  const publishing = task.publish({ progress: 0.5 });
  assertEquals(outlet.offsets, [1]);
  const { delivered } = await publishing;
  const [, event] = outlet.frames;
  assertEquals(delivered, 1);
  assertEquals([event?.type, event?.progress], ["task", 0.5]);
});

Deno.test("TaskWatcher.deliver() reaches every watcher of the task and no other", async () => {
  const task = new WatchedTask();
  const watching = [task.watch(), task.watch(), task.watch()];
  await Promise.all(watching.map(({ started }) => started));
  await task.store.publish("another", {});
  const { delivered } = await task.publish();
  assertEquals(delivered, 3);
  assertEquals(watching.map(({ outlet }) => outlet.offsets), [[1], [1], [1]]);
});

Deno.test("TaskWatcher leaves the task when its outlet ends", async () => {
  const task = new WatchedTask();
  const { outlet, started } = task.watch();
  await started;
  outlet.end();
  const { delivered } = await task.publish();
  assertEquals([delivered, outlet.offsets], [0, []]);
  assertEquals(task.hub.watcherCount(watchedId), 0);
});

Deno.test("TaskWatcher sends nothing to an outlet that ended while the store was read", async () => {
  const task = new WatchedTask();
  const { outlet, started } = task.watch();
  task.hooks = { after: () => outlet.end() };
  await started;
  assertEquals(outlet.frames, []);
  assertEquals(task.hub.watcherCount(watchedId), 0);
});

Deno.test("TaskWatcher.start() rejects if the store cannot be read", async () => {
  const task = new WatchedTask();
  task.hooks = { before: () => Promise.reject(new Error("store is down")) };
  const { started } = task.watch();
  await assertRejects(() => started, Error, "store is down");
});

Deno.test("TaskWatcher fails its outlet if the store cannot be read later", async () => {
  using time = new FakeTime();
  const task = new WatchedTask({ historyTtlMs: 1_000 });
  await task.publish();
  const { outlet, started } = task.watch();
  await started;
  const down = new Error("store is down");
  task.hooks = { before: () => Promise.reject(down) };
  time.tick(1_000);
  await task.publish(); // in a new epoch, to make the watcher read
  await time.runMicrotasks();
  assertEquals(outlet.failures, [down]);
});
