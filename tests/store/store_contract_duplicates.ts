import { assertEquals, assertNotEquals } from "@std/assert";
import type { EventDraft } from "../../src/tasks/draft.ts";
import { outcomeOf, type Test } from "./store_contract_bench.ts";

/** Idempotent. */
export function testDuplicates(test: Test): void {
  test("publish() answers a repeated event_id with the first event", async (bench) => {
    const { store, put, announced } = bench;
    const first = await put("a", {
      event_id: "one",
      attempt: 2,
      progress: 0.1,
    });
    const unnamed = await put("a");
    await put("a", { status: "succeeded" });
    const before = await store.read("a");
    const { epoch } = before;
    const drafts: EventDraft[] = [
      { event_id: "one", attempt: 2, progress: 0.1 },
      { event_id: "one", progress: 0.9 },
      { event_id: "one", attempt: 1 },
      { event_id: "one", attempt: 3, status: "running" },
      { event_id: "one", user_id: "7" },
    ];
    for (const draft of drafts) {
      assertEquals(await store.publish("a", draft), {
        kind: "duplicate",
        epoch,
        offset: first.offset,
        cancelRequested: false,
      });
    }
    assertEquals(await store.publish("a", { event_id: unnamed.event_id }), {
      kind: "duplicate",
      epoch,
      offset: unnamed.offset,
      cancelRequested: false,
    });
    assertEquals(await store.read("a"), before);
    assertEquals(announced.length, 3);
  });

  test("publish() is not misled by an event_id that looks like a position", async ({ store, put }) => {
    await put("a", { event_id: "named" });
    const { epoch } = await store.read("a");
    for (const event_id of [`${epoch}:1`, "other:9", `${epoch}:4`]) {
      const { offset } = await put("a", { event_id });
      const again = await store.publish("a", { event_id });
      assertEquals(outcomeOf("duplicate", again).offset, offset);
    }
    const { events } = await store.read("a", { epoch, offset: 0 });
    assertEquals(events.length, 4);
  });

  test("publish() reserves the event_ids of later events", async (bench) => {
    const { store, put, announced } = bench;
    await put("a");
    const { epoch } = await store.read("a");
    const outcome = outcomeOf(
      "refused",
      await store.publish("a", { event_id: `${epoch}:3` }),
    );
    assertEquals(outcome.refusal.code, "event_id_reserved");
    for (const offset of [2, 3]) {
      assertEquals((await put("a")).event_id, `${epoch}:${offset}`);
    }
    assertEquals(announced.length, 3);
  });

  test("publish() takes events without an event_id for as many events", async (bench) => {
    const events = [await bench.put("a"), await bench.put("a")];
    assertEquals(events.map(({ offset }) => offset), [1, 2]);
    assertNotEquals(events[0]?.event_id, events[1]?.event_id);
  });

  test(
    "publish() knows the event_id of every event in the history",
    async (bench) => {
      const { store, put } = bench;
      const ids = ["1", "2", "3", "4", "5", "6", "7"];
      for (const event_id of ids) await put("a", { event_id });
      for (const event_id of ids.slice(-3)) {
        outcomeOf("duplicate", await store.publish("a", { event_id }));
      }
    },
    { historyLimit: 3 },
  );
}
