import { assertEquals, assertStringIncludes } from "@std/assert";
import { FakeTime } from "../support/fake_time.ts";
import { LeaseKeeper } from "../../src/store/lease.ts";
import { createMemoryStore } from "../../src/store/memory/memory_store.ts";
import { type Store, StoreUnavailableError } from "../../src/tasks/store.ts";
import { captureLog } from "../support/captured_log.ts";
import { LeasedTasks } from "../support/leased_tasks.ts";

/** Ticks, and lets due losses be stored. */
async function elapse(time: FakeTime, ms: number): Promise<void> {
  time.tick(ms);
  await time.runMicrotasks();
}

function fail(): never {
  throw new StoreUnavailableError("the disk is full");
}

Deno.test("LeaseKeeper retries a loss every second, and logs the reason", async () => {
  using time = new FakeTime();
  using log = captureLog();
  const tasks = await LeasedTasks.started();
  tasks.onLoss = fail;
  await tasks.store.publish("a", { lease: 10 });
  await elapse(time, 10_000);
  assertEquals(tasks.losses, 1);
  assertStringIncludes(log.text, "the disk is full");
  assertEquals(JSON.parse(log.text).properties.connectionId, "a");
  for (const losses of [2, 3]) {
    await elapse(time, 999);
    assertEquals(tasks.losses, losses - 1);
    await elapse(time, 1);
    assertEquals(tasks.losses, losses);
  }
  tasks.onLoss = () => {};
  await elapse(time, 1_000);
  assertEquals(tasks.takeEvents(), ["a running", "a lost"]);
  await elapse(time, 1e6);
  assertEquals(tasks.losses, 4);
});

Deno.test("LeaseKeeper stores no loss any more after the worker's next event", async () => {
  using time = new FakeTime();
  const tasks = await LeasedTasks.started();
  tasks.onLoss = fail;
  await tasks.store.publish("a", { lease: 10 });
  await elapse(time, 10_000);
  await tasks.store.publish("a", {});
  tasks.onLoss = () => {};
  await elapse(time, 1e6);
  assertEquals(tasks.takeEvents(), ["a running", "a running"]);
  assertEquals(tasks.losses, 1);
});

Deno.test("LeaseKeeper lets a lease run that began while a loss could not be stored", async () => {
  using time = new FakeTime();
  const tasks = await LeasedTasks.started();
  tasks.onLoss = fail;
  await tasks.store.publish("a", { lease: 10 });
  await elapse(time, 10_000);
  await tasks.store.publish("a", { lease: 10 });
  tasks.onLoss = () => {};
  await elapse(time, 9_999);
  assertEquals(tasks.takeEvents(), ["a running", "a running"]);
  await elapse(time, 1);
  assertEquals(tasks.takeEvents(), ["a lost"]);
});

Deno.test("LeaseKeeper leaves a task alone that went on while its loss was on its way", async () => {
  using time = new FakeTime();
  const tasks = await LeasedTasks.started();
  tasks.onLoss = async () => {
    await tasks.store.publish("a", { message: "alive" });
  };
  await tasks.store.publish("a", { lease: 10 });
  await elapse(time, 10_000);
  await elapse(time, 1e6);
  assertEquals(tasks.takeEvents(), ["a running", "a running"]);
  assertEquals(tasks.losses, 1);
});

Deno.test("LeaseKeeper.stop() loses nothing any more", async () => {
  using time = new FakeTime();
  const tasks = await LeasedTasks.started();
  await tasks.store.publish("a", { lease: 10 });
  await tasks.store.publish("b", { lease: 20 });
  await elapse(time, 10_000);
  assertEquals(tasks.losses, 1);
  tasks.keeper.stop();
  tasks.keeper.stop();
  await elapse(time, 1e6);
  assertEquals(tasks.losses, 1);
});

Deno.test("LeaseKeeper.stop() tries no more to store a loss", async () => {
  using time = new FakeTime();
  const tasks = await LeasedTasks.started();
  const failing = Promise.withResolvers<void>();
  tasks.onLoss = () => failing.promise;
  await tasks.store.publish("a", { lease: 10 });
  await elapse(time, 10_000);
  tasks.keeper.stop();
  failing.reject(new StoreUnavailableError("closed"));
  await time.runMicrotasks();
  assertEquals(time.next(), false, "a timer is left");
});

Deno.test("LeaseKeeper.stop() leaves no timer behind", async () => {
  // In real time: the test's sanitizer finds a running timer.
  const tasks = await LeasedTasks.started();
  await tasks.store.publish("a", { lease: 1_000 });
  await tasks.store.publish("a", { lease: 500 });
  await tasks.store.publish("b", { lease: 1_000 });
  await tasks.restart();
  tasks.keeper.stop();
});

Deno.test("LeaseKeeper reads a lease whose announcement was lost, as often as necessary", async () => {
  using time = new FakeTime();
  using log = captureLog();
  const limits = { historyLimit: 9, historyTtlMs: 60_000 };
  const memory = createMemoryStore(limits, () => 0);
  let failures = 1;
  const store: Store = {
    publish: (...args) => memory.publish(...args),
    publishAll: (all) => memory.publishAll(all),
    read: (...args) => failures-- > 0 ? fail() : memory.read(...args),
    readEvents: (...args) => memory.readEvents(...args),
    list: (query) => memory.list(query),
    forget: (id) => memory.forget(id),
    watch: (id, watchers) => memory.watch(id, watchers),
    follow: (...args) => memory.follow(...args),
    close: () => memory.close(),
  };
  const keeper = new LeaseKeeper();
  await keeper.start(store);
  await store.publish("a", { lease: 10 });
  keeper.note({ kind: "missed", taskId: "a" });
  assertStringIncludes(log.text, "Could not read the lease of a task");
  await elapse(time, 1_000);
  await elapse(time, 9_000);
  assertEquals((await store.read("a")).state?.snapshot.status, "lost");
  keeper.stop();
});
