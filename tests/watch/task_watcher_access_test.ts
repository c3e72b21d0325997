import { assertEquals } from "@std/assert";
import { FakeTime } from "../support/fake_time.ts";
import type { TaskAudience } from "../../src/tasks/store.ts";
import { settle, watchedId, WatchedTask } from "../support/watching.ts";

const nobody = () => false;
const user42 = (_id: string, { owner }: TaskAudience) =>
  owner === undefined || owner === "42";

Deno.test("TaskWatcher.start() closes with 4403 before anything of the task is sent", async () => {
  const task = new WatchedTask();
  await task.publish({ user_id: "42", message: "private" });
  const { outlet, started } = task.watch();
  await started;
  assertEquals(outlet.frames, []);
  assertEquals(outlet.closes.map(({ code, error }) => [code, error.code]), [
    [4403, "forbidden"],
  ]);
  assertEquals(task.hub.watcherCount(watchedId), 0);
});

Deno.test("TaskWatcher.start() checks the permission even before the first event", async () => {
  const task = new WatchedTask();
  const { outlet, started } = task.watch(undefined, nobody);
  await started;
  assertEquals([outlet.frames, outlet.closes.length], [[], 1]);
});

Deno.test("TaskWatcher.start() shows a private task to its user", async () => {
  const task = new WatchedTask();
  await task.publish({ user_id: "42" });
  const { outlet, started } = task.watch(undefined, user42);
  await started;
  await task.publish();
  assertEquals([outlet.frames[0]?.type, outlet.offsets], ["sync", [2]]);
});

Deno.test("TaskWatcher.deliver() closes guests when the first event makes the task private", async () => {
  const task = new WatchedTask();
  const guests = [task.watch(), task.watch()];
  const owner = task.watch(undefined, user42);
  await Promise.all([...guests, owner].map(({ started }) => started));
  const { delivered } = await task.publish({ user_id: "42" });
  assertEquals(delivered, 1);
  assertEquals(owner.outlet.offsets, [1]);
  for (const { outlet } of guests) {
    assertEquals(outlet.frames.map(({ type }) => type), ["sync"]);
    assertEquals(outlet.closes.map(({ code }) => code), [4403]);
  }
  assertEquals(task.hub.watcherCount(watchedId), 1);
});

for (const moment of ["before", "after"] as const) {
  Deno.test(`TaskWatcher closes a guest whose task becomes private just ${moment} it is read`, async () => {
    const task = new WatchedTask();
    task.hooks = {
      [moment]: (count: number) =>
        count === 1 && task.publish({ user_id: "42" }),
    };
    const { outlet, started } = task.watch();
    await started;
    assertEquals(outlet.frames, []);
    assertEquals(outlet.closes.map(({ code }) => code), [4403]);
  });
}

Deno.test("TaskWatcher closes a guest whose task becomes private while its outlet is congested", async () => {
  const task = new WatchedTask();
  const { outlet, started } = task.watch();
  await started;
  outlet.congest();
  await task.publish(); // a last event is sent, then nothing
  await task.store.forget(watchedId);
  await task.publish({ user_id: "42" });
  await settle();
  assertEquals(outlet.offsets, [1]);
  assertEquals(outlet.closes.map(({ code }) => code), [4403]);
});

Deno.test("TaskWatcher stops if the task was deleted and began anew with a different owner", async () => {
  using time = new FakeTime();
  const task = new WatchedTask({ historyTtlMs: 1_000 });
  await task.publish({ user_id: "42" });
  const { outlet, started } = task.watch(undefined, user42);
  await started;
  time.tick(1_000);
  const { delivered } = await task.publish({ user_id: "43" });
  assertEquals([delivered, outlet.offsets], [0, []]);
  assertEquals(outlet.closes.map(({ code }) => code), [4403]);
});

Deno.test("TaskWatcher.deliver() checks the permission once, not for every event", async () => {
  const task = new WatchedTask();
  let asked = 0;
  const { started } = task.watch(undefined, () => {
    asked += 1;
    return true;
  });
  await started;
  const afterStart = asked;
  await task.publishMany(10);
  assertEquals(asked, afterStart);
});

Deno.test("TaskWatcher judges the labels of the first event, and of a task begun anew", async () => {
  const task = new WatchedTask();
  const ofTeam = (_id: string, { owner, labels }: TaskAudience) =>
    owner === undefined || labels?.includes("team:7") === true;
  const { outlet, started } = task.watch(undefined, ofTeam);
  await started;
  const labels = ["team:7"];
  assertEquals((await task.publish({ user_id: "42", labels })).delivered, 1);
  await task.publish();
  assertEquals(outlet.offsets, [1, 2]);
  await task.store.forget(watchedId);
  await task.publish({ user_id: "42", labels: ["team:8"] });
  await settle();
  assertEquals(outlet.offsets, [1, 2]);
  assertEquals(outlet.closes.map(({ code }) => code), [4403]);
});
