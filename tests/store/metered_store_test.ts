import { assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "../support/fake_time.ts";
import { type Counters, createCounters } from "../../src/metrics/counters.ts";
import { createMemoryStore } from "../../src/store/memory/memory_store.ts";
import { meteredStore } from "../../src/store/metered_store.ts";
import { Throughput } from "../../src/metrics/throughput.ts";
import {
  backUp,
  BackupUnsupportedError,
  type Store,
  StoreUnavailableError,
} from "../../src/tasks/store.ts";
import { testStoreContract } from "./store_contract.ts";

testStoreContract("meteredStore()", (retention, announce) => {
  const time = new FakeTime();
  const store = meteredStore(
    createMemoryStore(retention, announce),
    createCounters(),
    new Throughput(() => 0),
  );
  return Promise.resolve({
    store,
    elapse: (ms) => time.tick(ms),
    async [Symbol.asyncDispose]() {
      await store.close();
      time.restore();
    },
  });
});

/**
 * Returns the number of a histogram's observations, by operation if labelled.
 */
async function countOf(
  { durations }: Counters,
  name: "delivery" | "store",
  operation?: string,
): Promise<number | undefined> {
  const { values } = await durations[name].get();
  return values.find(({ metricName, sharedLabels }) =>
    metricName.endsWith("_count") && sharedLabels.operation === operation
  )?.value;
}

function meterMemory(watchers: number): { store: Store; counters: Counters } {
  const counters = createCounters();
  const retention = { historyLimit: 10, historyTtlMs: 60_000 };
  const store = createMemoryStore(retention, () => watchers);
  return {
    store: meteredStore(store, counters, new Throughput(() => 0)),
    counters,
  };
}

Deno.test("meteredStore() counts the outcome of each change", async () => {
  const { store, counters } = meterMemory(0);
  await store.publish("a", { event_id: "1" });
  await store.publish("a", { event_id: "1" });
  await store.publish("a", { kind: "cancel" });
  await store.publish("a", { status: "succeeded" });
  await store.publish("a", { progress: 1 });
  assertEquals(counters.publishes, {
    stored: 2,
    duplicate: 1,
    noted: 1,
    refused: 1,
    unavailable: 0,
    failed: 0,
  });
});

Deno.test("meteredStore() counts deliveries, and times the events of watched tasks", async () => {
  const watched = meterMemory(3);
  await watched.store.publish("a", {});
  await watched.store.publish("a", { kind: "cancel" });
  assertEquals(watched.counters.deliveries, 3);
  assertEquals(await countOf(watched.counters, "delivery"), 1);

  const unwatched = meterMemory(0);
  await unwatched.store.publish("a", {});
  assertEquals(await countOf(unwatched.counters, "delivery"), 0);
});

Deno.test("meteredStore() counts each change of a batch, and its deliveries", async () => {
  const counters = createCounters();
  const throughput = new Throughput(() => 0);
  const retention = { historyLimit: 10, historyTtlMs: 60_000 };
  const inner = createMemoryStore(retention, () => 3);
  const store = meteredStore(inner, counters, throughput);
  await store.publishAll([
    { taskId: "a", change: { event_id: "1" } },
    { taskId: "a", change: { event_id: "1" } },
    { taskId: "a", change: { data: 1n } }, // no JSON
    { taskId: "b", change: {} },
  ]);
  const { stored, duplicate, failed } = counters.publishes;
  assertEquals([stored, duplicate, failed], [2, 1, 1]);
  assertEquals(counters.deliveries, 6);
  assertEquals(throughput.totals, { published: 2, delivered: 6 });
  assertEquals(await countOf(counters, "store", "publish"), 1);
  assertEquals(await countOf(counters, "delivery"), 2);
});

Deno.test("meteredStore() counts each change of a batch that fails as a whole", async () => {
  const { store: inner } = meterMemory(0);
  const counters = createCounters();
  const error = new StoreUnavailableError("the disk failed");
  const store = meteredStore(
    { ...inner, publishAll: () => Promise.reject(error) },
    counters,
    new Throughput(() => 0),
  );
  const change = { taskId: "a", change: {} };
  await assertRejects(() => store.publishAll([change, change]), Error);
  assertEquals(counters.publishes.unavailable, 2);
  assertEquals(counters.storeErrors.publish, 1);
});

Deno.test("meteredStore() times every operation", async () => {
  const { store, counters } = meterMemory(0);
  await store.publish("a", {});
  await store.read("a");
  await store.read("a");
  await store.list({ limit: 1 });
  await store.forget("a");
  for (
    const [operation, count] of [
      ["publish", 1],
      ["read", 2],
      ["list", 1],
      ["forget", 1],
    ] as const
  ) assertEquals(await countOf(counters, "store", operation), count);
});

Deno.test("meteredStore() counts failures, and passes the error on", async () => {
  const { store: inner } = meterMemory(0);
  const counters = createCounters();
  let error: Error = new StoreUnavailableError("the disk failed");
  const store = meteredStore(
    {
      ...inner,
      publish: () => Promise.reject(error),
      publishAll: () => Promise.reject(error),
      read: () => Promise.reject(error),
    },
    counters,
    new Throughput(() => 0),
  );
  await assertRejects(() => store.publish("a", {}), StoreUnavailableError);
  await assertRejects(() => store.read("a"), StoreUnavailableError);
  error = new TypeError("a fault of ours");
  await assertRejects(() => store.publish("a", {}), TypeError);
  assertEquals(counters.storeErrors, {
    backup: 0,
    publish: 2,
    read: 1,
    list: 0,
    forget: 0,
  });
  const { unavailable, failed, stored } = counters.publishes;
  assertEquals([unavailable, failed, stored], [1, 1, 0]);
  assertEquals(await countOf(counters, "store", "publish"), 2);
});

Deno.test("meteredStore() counts no refused backup as an error of the store", async () => {
  const { store, counters } = meterMemory(0);
  await assertRejects(() => backUp(store), BackupUnsupportedError);
  assertEquals(counters.storeErrors.backup, 0);
  assertEquals(await countOf(counters, "store", "backup"), 1);
});
