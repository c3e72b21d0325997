import { assertEquals, assertLess } from "@std/assert";
import type { FakeOutlet } from "../support/fake_outlet.ts";
import { settle, upTo, WatchedTask } from "../support/watching.ts";

/** A watcher with event 1, then without reading for more than a turn. */
async function slowWatcher(task: WatchedTask): Promise<FakeOutlet> {
  const { outlet, started } = task.watch();
  await started;
  outlet.congest();
  await task.publish();
  await settle();
  assertEquals(outlet.offsets, [1]);
  return outlet;
}

/** Offset and `skipped` of the task frames after the first. */
function sentAfterFirst(outlet: FakeOutlet): unknown[] {
  return outlet.frames.filter(({ type }) => type === "task").slice(1)
    .map(({ offset, status, skipped }) => [offset, status, skipped]);
}

Deno.test("TaskWatcher holds events back from a backlogged outlet", async () => {
  const task = new WatchedTask();
  const outlet = await slowWatcher(task);
  const { delivered } = await task.publish();
  await task.publishMany(3);
  await settle();
  assertEquals([outlet.offsets, delivered, task.reads], [[1], 1, 1]);
});

Deno.test("TaskWatcher merges the progress that a slow reader has missed", async () => {
  const task = new WatchedTask();
  const outlet = await slowWatcher(task);
  await task.publish({ message: "half way", progress: 0.5 });
  await task.publish({ unit: "rows" });
  const { offset } = await task.publish({ progress: 0.9 });
  outlet.drain();
  await settle();
  const { message, unit, progress, ...frame } = outlet.frames.at(-1) ?? {};
  assertEquals([frame.offset, frame.skipped, task.merged], [offset, 2, 2]);
  // The newest event has all members, including members given only by earlier
  // events.
  assertEquals([message, unit, progress], ["half way", "rows", 0.9]);
  await task.publish();
  assertEquals(outlet.offsets, [1, 4, 5]);
});

Deno.test("TaskWatcher merges neither the end of an attempt nor a loss", async () => {
  const task = new WatchedTask();
  const outlet = await slowWatcher(task);
  await task.publishMany(2);
  await task.publish({ status: "failed" });
  await task.publish({ attempt: 2, lease: 1 });
  await task.store.publish("upload_123456", { kind: "lost", offset: 5 });
  await task.publishMany(3);
  await task.publish({ status: "succeeded" });
  outlet.drain();
  await settle();
  assertEquals(sentAfterFirst(outlet), [
    [3, "running", 1],
    [4, "failed", undefined],
    [5, "running", undefined],
    [6, "lost", undefined],
    [9, "running", 2],
    [10, "succeeded", undefined],
  ]);
});

Deno.test("TaskWatcher merges nothing for a fast reader after a burst within one turn", async () => {
  const task = new WatchedTask();
  const { outlet, started } = task.watch();
  await started;
  outlet.congest();
  await task.publishMany(50);
  outlet.drain(); // before the turn ends
  await settle();
  await settle();
  assertEquals([outlet.offsets, task.merged], [upTo(50), 0]);
});

Deno.test("TaskWatcher keeps holding if the outlet is backlogged again", async () => {
  const task = new WatchedTask();
  const outlet = await slowWatcher(task);
  await task.publish({ status: "failed" });
  await task.publish({ attempt: 2 });
  outlet.drain();
  outlet.congest();
  await settle();
  await task.publish();
  outlet.drain();
  await settle();
  await settle();
  const covered = sentAfterFirst(outlet);
  assertEquals(covered[0], [2, "failed", undefined]);
  assertEquals(outlet.offsets.at(-1), 4);
});

Deno.test("TaskWatcher reads events beyond its limit from the store", async () => {
  const task = new WatchedTask();
  const outlet = await slowWatcher(task);
  for (let attempt = 1; attempt <= 600; attempt += 1) {
    await task.publish({ attempt, status: "failed" });
    await task.publish({ attempt: attempt + 1 });
  }
  outlet.drain();
  await settle();
  assertEquals(outlet.offsets, upTo(1_201));
  assertEquals(outlet.frames.filter(({ type }) => type === "sync").length, 1);
});

Deno.test("TaskWatcher holds at most 1 MiB and one event of unmergeable events", async () => {
  const task = new WatchedTask();
  const outlet = await slowWatcher(task);
  const readsBefore = task.reads;
  const data = "x".repeat(60_000);
  for (let attempt = 1; attempt <= 15; attempt += 1) {
    await task.publish({ attempt, status: "failed", data });
    await task.publish({ attempt: attempt + 1 });
  }
  outlet.drain();
  await settle();
  assertEquals([outlet.offsets, task.reads], [upTo(31), readsBefore]);
  outlet.congest();
  for (let attempt = 16; attempt <= 40; attempt += 1) {
    await task.publish({ attempt, status: "failed", data });
    await task.publish({ attempt: attempt + 1 });
  }
  outlet.drain();
  while (outlet.offsets.at(-1) !== 81) await settle();
  assertEquals(outlet.offsets, upTo(81));
  assertLess(readsBefore, task.reads);
});

Deno.test("TaskWatcher stops if its outlet ends while backlogged", async () => {
  const task = new WatchedTask();
  const outlet = await slowWatcher(task);
  await task.publish();
  outlet.end();
  await settle();
  assertEquals([outlet.offsets, outlet.failures], [[1], []]);
});
