import { assertEquals, assertNotEquals } from "@std/assert";
import { FakeTime } from "../../support/fake_time.ts";
import v8 from "node:v8";
import vm from "node:vm";
import { createMemoryStore } from "../../../src/store/memory/memory_store.ts";
import { testStoreContract } from "../store_contract.ts";

testStoreContract("createMemoryStore()", (retention, announce) => {
  const time = new FakeTime();
  const store = createMemoryStore(retention, announce);
  return Promise.resolve({
    store,
    elapse: (ms) => time.tick(ms),
    async [Symbol.asyncDispose]() {
      await store.close();
      time.restore();
    },
  });
});

function createStore(historyLimit: number, historyTtlMs = 60_000) {
  return createMemoryStore({ historyLimit, historyTtlMs }, () => 0);
}

/** Lets the engine collect unreachable objects. */
async function collectGarbage(): Promise<void> {
  v8.setFlagsFromString("--expose-gc");
  // Takes a turn of the event loop: a WeakRef keeps the target alive during a
  // turn.
  await new Promise((resolve) => setTimeout(resolve, 0));
  vm.runInNewContext("gc")();
}

Deno.test("createMemoryStore() begins with an epoch of its own each time", async () => {
  const [first, second] = [createStore(10), createStore(10)];
  await first.publish("a", {});
  await second.publish("a", {});
  const { epoch } = await first.read("a");
  assertNotEquals((await second.read("a")).epoch, epoch);
  assertEquals((await second.read("a", { epoch, offset: 1 })).recovered, false);
});

Deno.test("createMemoryStore() forgets a task at the very millisecond", async () => {
  using time = new FakeTime();
  const store = createStore(10, 1_000);
  await store.publish("a", {});
  time.tick(999);
  assertEquals((await store.read("a")).offset, 1);
  time.tick(1);
  assertEquals((await store.read("a")).offset, 0);
});

Deno.test("createMemoryStore() deletes expired tasks that are never read again", async () => {
  const store = createStore(10, 1_000);
  const kept = await publishHeld(store, "a");
  {
    using time = new FakeTime();
    time.tick(1_000);
    await store.read("b");
  }
  await collectGarbage();
  assertEquals(kept.deref(), undefined);
  await store.close();
});

Deno.test("createMemoryStore() deletes every expired task while events arrive for other tasks", async () => {
  const store = createStore(10, 1_000);
  const kept: WeakRef<object>[] = [];
  for (let count = 0; count < 50; count++) {
    kept.push(await publishHeld(store, `old ${count}`));
  }
  {
    using time = new FakeTime();
    time.tick(1_000);
    for (let count = 0; count < 60; count++) await store.publish("new", {});
  }
  await collectGarbage();
  assertEquals(kept.filter((data) => data.deref() !== undefined), []);
  await store.close();
});

Deno.test("createMemoryStore() holds no more than a few times the history", async () => {
  const store = createStore(5);
  await store.publish("a", {});
  await collectGarbage();
  const before = Deno.memoryUsage().heapUsed;
  for (let count = 0; count < 20_000; count++) {
    await store.publish("a", {
      event_id: `${count}`,
      message: "x".repeat(900),
    });
  }
  await collectGarbage();
  const grown = Deno.memoryUsage().heapUsed - before;
  assertEquals(grown < 5_000_000, true, `${grown} bytes more than before`);
  await store.close();
});

/** Publishes data held only by the store. */
async function publishHeld(
  store: ReturnType<typeof createStore>,
  taskId: string,
): Promise<WeakRef<object>> {
  const data = { frame: new Array(100).fill(0) };
  await store.publish(taskId, { data });
  return new WeakRef(data);
}

Deno.test("createMemoryStore() accepts an event_id again once dropped from history", async () => {
  for (const historyLimit of [1, 2, 3, 10]) {
    const store = createStore(historyLimit);
    const publish = async (event_id: string) => {
      const outcome = await store.publish("a", { event_id });
      const offset = outcome.kind === "stored"
        ? outcome.event.offset
        : outcome.kind === "duplicate" && outcome.offset;
      return [outcome.kind, offset];
    };
    // Three rounds, to cut batches away in between.
    const ids = Array.from({ length: historyLimit + 1 }, (_, i) => `${i}`);
    for (const [index, id] of [...ids, ...ids, ...ids].entries()) {
      assertEquals(await publish(id), ["stored", index + 1]);
      assertEquals(await publish(id), ["duplicate", index + 1]);
    }
  }
});
