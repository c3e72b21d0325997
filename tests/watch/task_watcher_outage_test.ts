import { assertEquals } from "@std/assert";
import { StoreDisconnectedError } from "../../src/tasks/store.ts";
import { settle, upTo, watchedId, WatchedTask } from "../support/watching.ts";

/** Makes all reads of a task's store fail until restored. */
function breakStore(task: WatchedTask): { restore: () => void } {
  const restored = Promise.withResolvers<void>();
  const before = task.hooks.before;
  task.hooks.before = () => {
    throw new StoreDisconnectedError("away", restored.promise);
  };
  return {
    restore() {
      if (before) task.hooks.before = before;
      else delete task.hooks.before;
      restored.resolve();
    },
  };
}

Deno.test("TaskWatcher.start() does not wait for an unavailable store, and joins later", async () => {
  const task = new WatchedTask();
  const position = await task.publishMany(3);
  const outage = breakStore(task);
  const { outlet, started } = task.watch({ ...position, offset: 1 });
  await started;
  await settle();
  assertEquals([outlet.frames.length, outlet.isClosed], [0, false]);
  outage.restore();
  await settle();
  assertEquals(outlet.offsets, [2, 3]);
  await task.publish();
  assertEquals(outlet.offsets, [2, 3, 4]);
});

Deno.test("TaskWatcher.start() continues after the last sent event if the store disconnects meanwhile", async () => {
  for (const resumes of [false, true]) {
    const task = new WatchedTask();
    const { epoch } = await task.publish();
    let outage: ReturnType<typeof breakStore> | undefined;
    task.hooks.after = async (count) => {
      if (count > 1) return;
      // Forces a further, failing read.
      await task.publish();
      outage = breakStore(task);
    };
    const { outlet, started } = task.watch(
      resumes ? { epoch, offset: 0 } : undefined,
    );
    await started;
    await settle();
    const frames = outlet.frames.length;
    outage?.restore();
    await settle();
    // The event, and no further sync.
    assertEquals(outlet.frames.length, frames + 1);
    assertEquals(outlet.offsets.at(-1), 2);
  }
});

Deno.test("TaskWatcher.refresh() sends unannounced events once", async () => {
  const task = new WatchedTask();
  const { epoch } = await task.publish();
  const { outlet, started } = task.watch({ epoch, offset: 1 });
  await started;
  const announce = task.hub.announce.bind(task.hub);
  task.hub.announce = () => 0;
  await task.publishMany(150);
  task.hub.announce = announce;
  task.hub.announce({ kind: "missed", taskId: watchedId });
  await settle();
  await task.publish();
  assertEquals(outlet.offsets, upTo(152, 2));
});

Deno.test("TaskWatcher.refresh() reads again if the store disconnects meanwhile", async () => {
  const task = new WatchedTask();
  const { epoch } = await task.publish();
  const { outlet, started } = task.watch({ epoch, offset: 1 });
  await started;
  const announce = task.hub.announce.bind(task.hub);
  task.hub.announce = () => 0;
  await task.publishMany(2);
  task.hub.announce = announce;
  const outage = breakStore(task);
  task.hub.announce({ kind: "missed", taskId: watchedId });
  await settle();
  assertEquals([outlet.offsets, outlet.isClosed], [[], false]);
  outage.restore();
  await settle();
  assertEquals(outlet.offsets, [2, 3]);
});

Deno.test("TaskWatcher.refresh() reads once more if already catching up", async () => {
  const task = new WatchedTask();
  const { epoch } = await task.publish();
  const announce = task.hub.announce.bind(task.hub);
  task.hooks.after = async (count) => {
    if (count > 1) return;
    // Stored after the read, and never announced.
    task.hub.announce = () => 0;
    await task.publish();
    task.hub.announce = announce;
    task.hub.announce({ kind: "missed", taskId: watchedId });
  };
  const { outlet, started } = task.watch({ epoch, offset: 1 });
  await started;
  assertEquals([outlet.offsets, task.reads], [[2], 2]);
});
