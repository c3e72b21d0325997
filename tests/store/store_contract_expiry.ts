import { assertEquals, assertNotEquals } from "@std/assert";
import { historyTtlMs, outcomeOf, type Test } from "./store_contract_bench.ts";

/** Bounded by age; epochs. */
export function testExpiry(test: Test): void {
  test("read() finds nothing of an expired task", async (bench) => {
    const { store, put, elapse } = bench;
    await put("a");
    const { epoch } = await store.read("a");
    await elapse(historyTtlMs * 0.9);
    assertEquals((await store.read("a")).offset, 1);
    await elapse(historyTtlMs * 0.2);
    const view = await store.read("a");
    assertEquals([view.offset, view.state], [0, undefined]);
    assertNotEquals(view.epoch, epoch);
    for (const offset of [0, 1]) {
      const { recovered } = await store.read("a", { epoch, offset });
      assertEquals(recovered, false, "took an old position for a new one");
    }
  });

  test("publish() begins a new history after a task has expired", async (bench) => {
    const { store, put, elapse } = bench;
    await put("a", { event_id: "one", status: "succeeded", user_id: "7" });
    const { epoch } = await store.read("a");
    await elapse(historyTtlMs * 1.1);
    const event = await put("a", { event_id: "one", user_id: "8" });
    assertEquals([event.offset, event.status], [1, "running"]);
    const view = await store.read("a", { epoch, offset: 0 });
    assertNotEquals(view.epoch, epoch);
    assertEquals([view.recovered, view.state?.owner], [false, "8"]);
  });

  test("publish() prolongs a task's time, with all of its history", async (bench) => {
    const { store, put, elapse } = bench;
    const { epoch } = await store.read("a");
    for (let count = 0; count < 3; count++) {
      await put("a");
      await elapse(historyTtlMs * 0.9);
    }
    const { events } = await store.read("a", { epoch, offset: 0 });
    assertEquals(events.map(({ offset }) => offset), [1, 2, 3]);
  });

  test("publish() prolongs no time by duplicates and refusals, nor does read()", async (bench) => {
    const { store, put, elapse } = bench;
    await put("a", { event_id: "one", status: "succeeded" });
    await elapse(historyTtlMs * 0.9);
    outcomeOf("duplicate", await store.publish("a", { event_id: "one" }));
    outcomeOf("refused", await store.publish("a", {}));
    assertEquals((await store.read("a")).offset, 1);
    await elapse(historyTtlMs * 0.2);
    assertEquals((await store.read("a")).offset, 0);
  });

  test("read() still finds a task after a different task has expired", async (bench) => {
    const { store, put, elapse } = bench;
    await put("young");
    await put("old");
    const { epoch } = await store.read("young");
    await elapse(historyTtlMs * 0.6);
    await put("young");
    await elapse(historyTtlMs * 0.6);
    assertEquals((await store.read("old")).offset, 0);
    const view = await store.read("young", { epoch, offset: 0 });
    assertEquals([view.epoch, view.events.length], [epoch, 2]);
  });
}
