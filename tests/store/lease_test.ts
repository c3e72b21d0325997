import { assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "../support/fake_time.ts";
import { StoreUnavailableError } from "../../src/tasks/store.ts";
import type { EventDraft } from "../../src/tasks/draft.ts";
import { LeaseKeeper } from "../../src/store/lease.ts";
import { LeasedTasks } from "../support/leased_tasks.ts";

/** Ticks, and lets due losses be stored. */
async function elapse(time: FakeTime, ms: number): Promise<void> {
  time.tick(ms);
  await time.runMicrotasks();
}

Deno.test("LeaseKeeper marks a task as lost in the millisecond of the lease's end", async () => {
  using time = new FakeTime();
  const tasks = await LeasedTasks.started();
  await tasks.store.publish("a", { lease: 1.5, progress: 0.5 });
  await elapse(time, 1_499);
  assertEquals(tasks.takeEvents(), ["a running"]);
  await elapse(time, 1);
  assertEquals(tasks.takeEvents(), ["a lost"]);
  const { state } = await tasks.store.read("a");
  assertEquals([state?.snapshot.status, state?.snapshot.progress], [
    "lost",
    0.5,
  ]);
  await elapse(time, 1e9);
  assertEquals([tasks.takeEvents(), tasks.losses], [[], 1]);
});

Deno.test("LeaseKeeper lets a renewed lease run from its last event", async () => {
  using time = new FakeTime();
  const tasks = await LeasedTasks.started();
  for (let count = 0; count < 10; count += 1) {
    await tasks.store.publish("a", { lease: 10 });
    await elapse(time, 6_000);
  }
  assertEquals(tasks.losses, 0);
  await elapse(time, 3_999);
  assertEquals(tasks.losses, 0);
  await elapse(time, 1);
  assertEquals(tasks.events.at(-1), "a lost");
});

Deno.test("LeaseKeeper lets a lease run from its last heartbeat", async () => {
  using time = new FakeTime();
  const tasks = await LeasedTasks.started();
  await tasks.store.publish("a", { lease: 5 });
  for (let count = 0; count < 12; count += 1) {
    await elapse(time, 4_999);
    await tasks.store.publish("a", { kind: "heartbeat" });
  }
  assertEquals(tasks.takeEvents(), ["a running"]);
  await elapse(time, 4_999);
  assertEquals(tasks.losses, 0);
  await elapse(time, 1);
  assertEquals(tasks.takeEvents(), ["a lost"]);
  await tasks.store.publish("a", { kind: "heartbeat", lease: 1 });
  await elapse(time, 1_000);
  assertEquals(tasks.takeEvents(), ["a running", "a lost"]);
});

Deno.test("LeaseKeeper begins a lease with the first heartbeat that names one", async () => {
  using time = new FakeTime();
  const tasks = await LeasedTasks.started();
  await tasks.store.publish("a", {});
  await tasks.store.publish("a", { kind: "heartbeat", lease: 2 });
  await elapse(time, 2_000);
  assertEquals(tasks.takeEvents(), ["a running", "a lost"]);
});

Deno.test("LeaseKeeper doesn't wait for the longer lease before", async () => {
  using time = new FakeTime();
  const tasks = await LeasedTasks.started();
  await tasks.store.publish("a", { lease: 1_000 });
  await tasks.store.publish("a", { lease: 5 });
  await elapse(time, 5_000);
  assertEquals(tasks.takeEvents(), ["a running", "a running", "a lost"]);
  await elapse(time, 1_000_000);
  assertEquals(tasks.losses, 1);
});

for (
  const [what, draft] of [
    ["without a lease", {}],
    ["that ends the task", { status: "succeeded", lease: 10 }],
    ["of a new attempt without a lease", { attempt: 2 }],
  ] satisfies [string, EventDraft][]
) {
  Deno.test(`LeaseKeeper ends a lease by an event ${what}`, async () => {
    using time = new FakeTime();
    const tasks = await LeasedTasks.started();
    await tasks.store.publish("a", { lease: 10 });
    await tasks.store.publish("a", draft);
    await elapse(time, 1e6);
    assertEquals(tasks.losses, 0);
  });
}

Deno.test("LeaseKeeper ends the lease of a task that was deleted", async () => {
  using time = new FakeTime();
  const tasks = await LeasedTasks.started();
  await tasks.store.publish("a", { lease: 10 });
  await tasks.store.forget("a");
  assertEquals(time.next(), false, "a timer is left");
});

Deno.test("LeaseKeeper lets a lease run on when the worker is asked to stop", async () => {
  using time = new FakeTime();
  const tasks = await LeasedTasks.started();
  await tasks.store.publish("a", { lease: 10 });
  await elapse(time, 9_000);
  await tasks.store.publish("a", { kind: "cancel" });
  await elapse(time, 1_000);
  assertEquals(tasks.takeEvents(), ["a running", "a lost"]);
});

Deno.test("LeaseKeeper loses a task again that its worker took on", async () => {
  using time = new FakeTime();
  const tasks = await LeasedTasks.started();
  for (let count = 0; count < 3; count += 1) {
    await tasks.store.publish("a", { lease: 10 });
    await elapse(time, 10_000);
    assertEquals(tasks.takeEvents(), ["a running", "a lost"]);
  }
});

Deno.test("LeaseKeeper keeps each task's lease apart", async () => {
  using time = new FakeTime();
  const tasks = await LeasedTasks.started();
  for (const [id, lease] of [["a", 3], ["b", 1], ["c", 2]] as const) {
    await tasks.store.publish(id, { lease });
  }
  tasks.takeEvents();
  for (const id of ["b", "c", "a"]) {
    await elapse(time, 1_000);
    assertEquals(tasks.takeEvents(), [`${id} lost`]);
  }
});

Deno.test("LeaseKeeper waits longer than a timer can", async () => {
  using time = new FakeTime();
  const tasks = await LeasedTasks.started();
  await tasks.store.publish("a", { lease: 5_000_000 });
  for (const ms of [1, 2 ** 31 - 1, 2 ** 31 - 1, 705_032_704]) {
    await elapse(time, ms);
    assertEquals(tasks.losses, 0);
  }
  await elapse(time, 1);
  assertEquals(tasks.takeEvents(), ["a running", "a lost"]);
});

Deno.test("LeaseKeeper.start() goes on with the leases in the store", async () => {
  using time = new FakeTime();
  const tasks = await LeasedTasks.started();
  await tasks.store.publish("a", { lease: 10 });
  await tasks.store.publish("none", {});
  await elapse(time, 4_000);
  await tasks.restart();
  await elapse(time, 5_999);
  assertEquals(tasks.losses, 0);
  await elapse(time, 1);
  assertEquals(tasks.takeEvents(), ["a running", "none running", "a lost"]);
});

Deno.test("LeaseKeeper.start() marks tasks as lost whose lease ended while the server was down", async () => {
  using time = new FakeTime();
  const tasks = await LeasedTasks.started();
  await tasks.store.publish("a", { lease: 10 });
  tasks.keeper.stop();
  await elapse(time, 60_000);
  assertEquals(tasks.takeEvents(), ["a running"]);
  await tasks.restart();
  await elapse(time, 0);
  assertEquals(tasks.takeEvents(), ["a lost"]);
});

Deno.test("LeaseKeeper.start() finds leases across several pages of tasks", async () => {
  using time = new FakeTime();
  const tasks = new LeasedTasks();
  const ids = Array.from({ length: 1_100 }, (_, index) => `task ${index}`);
  for (const id of ids) await tasks.store.publish(id, { lease: 10 });
  await tasks.restart();
  tasks.takeEvents();
  await elapse(time, 10_000);
  assertEquals(
    new Set(tasks.takeEvents()),
    new Set(ids.map((id) => `${id} lost`)),
  );
});

Deno.test("LeaseKeeper.start() prefers announcements over its own reads", async () => {
  using time = new FakeTime();
  const tasks = new LeasedTasks();
  await tasks.store.publish("a", { lease: 10 });
  tasks.keeper.stop();
  tasks.keeper = new LeaseKeeper();
  await tasks.keeper.start({
    ...tasks.store,
    async list(query) {
      const page = await tasks.store.list(query);
      await tasks.store.publish("a", { lease: 20 });
      return page;
    },
  });
  await elapse(time, 19_999);
  assertEquals(tasks.losses, 0);
  await elapse(time, 1);
  assertEquals(tasks.events.at(-1), "a lost");
});

Deno.test("LeaseKeeper.start() rejects if the store can't be read", async () => {
  const tasks = new LeasedTasks();
  const list = () => Promise.reject(new StoreUnavailableError("down"));
  await assertRejects(
    () => tasks.keeper.start({ ...tasks.store, list }),
    StoreUnavailableError,
    "down",
  );
});
