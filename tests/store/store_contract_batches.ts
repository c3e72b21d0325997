import { assertEquals } from "@std/assert";
import type { Test } from "./store_contract_bench.ts";

/** Registers the tests of batches: many independent changes at once. */
export function testBatches(test: Test): void {
  test("publishAll() acts like publish() for each change, in order", async ({ store, announced }) => {
    const results = await store.publishAll([
      { taskId: "a", change: { event_id: "one" } },
      { taskId: "b", change: { status: "succeeded" } },
      { taskId: "a", change: { event_id: "one" } },
      { taskId: "b", change: {} },
      { taskId: "a", change: { progress: 1 } },
      { taskId: "a", change: { kind: "cancel" } },
    ]);
    assertEquals(
      results.map((result) =>
        result.status === "fulfilled" ? result.value.kind : result.reason
      ),
      ["stored", "stored", "duplicate", "refused", "stored", "noted"],
    );
    assertEquals(
      ["a", "b"].map((id) =>
        announced.filter(({ event }) => event.connection_id === id)
          .map(({ position }) => position.offset)
      ),
      [[1, 2], [1]],
    );
    assertEquals((await store.read("a")).offset, 2);
  });

  test("publishAll() stores the remaining changes if one throws", async ({ store }) => {
    const results = await store.publishAll([
      { taskId: "a", change: { message: "before" } },
      { taskId: "a", change: { data: 1n } }, // no JSON
      { taskId: "a", change: { message: "after" } },
    ]);
    assertEquals(
      results.map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled"],
    );
    const { offset, state } = await store.read("a");
    assertEquals([offset, state?.snapshot.message], [2, "after"]);
  });

  test("publishAll() has nothing to do for nothing", async ({ store }) => {
    assertEquals(await store.publishAll([]), []);
  });
}
