import { assertEquals } from "@std/assert";
import { FakeTime } from "../support/fake_time.ts";
import { LeasedTasks } from "../support/leased_tasks.ts";

/** Ticks, and lets due losses be stored. */
async function elapse(time: FakeTime, ms: number): Promise<void> {
  time.tick(ms);
  await time.runMicrotasks();
}

Deno.test("LeaseKeeper keeps a lease that was renewed while a loss was on its way", async () => {
  using time = new FakeTime();
  const tasks = await LeasedTasks.started();
  // As in a store with a common commit for both.
  tasks.onLoss = async () => {
    tasks.onLoss = () => {};
    await tasks.store.publish("a", { lease: 10 });
  };
  await tasks.store.publish("a", { lease: 10 });
  await elapse(time, 10_000);
  assertEquals(tasks.takeEvents(), ["a running", "a running"]);
  await elapse(time, 9_999);
  assertEquals(tasks.takeEvents(), []);
  await elapse(time, 1);
  assertEquals(tasks.takeEvents(), ["a lost"]);
});

Deno.test("LeaseKeeper keeps the lease of a task that begins anew after its time was over", async () => {
  using time = new FakeTime();
  const tasks = await LeasedTasks.started(5_000);
  await tasks.store.publish("a", { lease: 10 });
  await elapse(time, 10_000); // expired by now, so not lost
  await tasks.store.publish("a", { lease: 2 });
  await elapse(time, 2_000);
  assertEquals(tasks.takeEvents(), ["a running", "a running", "a lost"]);
});

Deno.test("LeaseKeeper.stop() is final: later announcements start no timer", async () => {
  // In real time: the test's sanitizer finds a running timer.
  const tasks = await LeasedTasks.started();
  tasks.keeper.stop();
  // As in a store still finishing pending work while closing.
  await tasks.store.publish("a", { lease: 1_000 });
});
