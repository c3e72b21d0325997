import { assert, assertEquals } from "@std/assert";
import type { EventDraft } from "../../src/tasks/draft.ts";
import type { Snapshot, TaskEvent } from "../../src/tasks/event.ts";
import { foldEvent } from "../../src/tasks/snapshot.ts";
import { outcomeOf, type Test } from "./store_contract_bench.ts";

/** Atomic; stored, then announced, then answered. */
export function testPublishing(test: Test): void {
  test(
    "publish() answers, announces and keeps the same event",
    async (bench) => {
      const { store, announced } = bench;
      const { epoch } = await store.read("a");
      const outcome = outcomeOf(
        "stored",
        await store.publish("a", {
          status: "running",
          attempt: 2,
          progress: 0.5,
          event_id: "one",
          user_id: "7",
          labels: ["team:7"],
        }),
      );
      const { event } = outcome;
      const { timestamp } = event;
      assertEquals(event, {
        connection_id: "a",
        offset: 1,
        event_id: "one",
        status: "running",
        attempt: 2,
        progress: 0.5,
        timestamp,
      });
      assert(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(timestamp));
      assertEquals(outcome, {
        kind: "stored",
        epoch,
        event,
        amounts: {},
        delivered: 3,
        cancelRequested: false,
      });
      const { offset } = event;
      const json = JSON.stringify(event);
      const position = { epoch, offset };
      const audience = { owner: "7", labels: ["team:7"] };
      assertEquals(announced, [{ event, json, position, ...audience }]);
      const view = await store.read("a", { epoch, offset: 0 });
      assertEquals([view.events, view.state?.owner], [[{ offset, json }], "7"]);
    },
    { watchers: 3 },
  );

  test("publish() adds the increments of many workers exactly", async ({ store }) => {
    const each = await Promise.all(
      Array.from({ length: 120 }, (_, index) =>
        store.publish("a", {
          increment: 1,
          total: 90,
          event_id: `part-${index % 90}`,
        })),
    );
    const stored = each.filter(({ kind }) => kind === "stored")
      .map((outcome) => outcomeOf("stored", outcome).amounts);
    assertEquals(
      stored.map(({ current }) => current),
      Array.from({ length: 90 }, (_, index) => index + 1),
    );
    assert(stored.every(({ total }) => total === 90));
    const { state, epoch } = await store.read("a");
    assertEquals(state?.snapshot.current, 90);
    const { events } = await store.read("a", { epoch, offset: 89 });
    assertEquals(events.map(({ json }) => JSON.parse(json).current), [90]);
  });

  test("publish() keeps title, labels and the measured progress", async ({ store }) => {
    await store.publish("a", { title: "Import", labels: ["team:7", "rows"] });
    await store.publish("a", { progress: 0.1 });
    await store.publish("a", { progress: 0.2 });
    const { state } = await store.read("a");
    assertEquals(state?.snapshot.title, "Import");
    assertEquals(state?.snapshot.labels, ["team:7", "rows"]);
    assertEquals(state?.measured?.count, 2);
    const other = await store.publish("a", { labels: ["rows"] });
    assertEquals(outcomeOf("refused", other).refusal.code, "labels_fixed");
  });

  test("publish() announces the labels of the first event with every event", async (bench) => {
    await bench.put("a", { labels: ["x", "y"] });
    await bench.put("a");
    assertEquals(
      bench.announced.map(({ labels }) => labels),
      [["x", "y"], ["x", "y"]],
    );
  });

  test("publish() announces no owner of an open task", async (bench) => {
    await bench.put("a");
    assert(bench.announced.every((stored) => !("owner" in stored)));
  });

  test("publish() keeps a snapshot equal to the fold of the history", async (bench) => {
    const { store, put } = bench;
    const drafts: EventDraft[] = [
      { status: "queued", message: "waiting" },
      { current: 1, total: 4, unit: "rows" },
      { data: { deep: [1] } },
      { status: "failed" },
      { attempt: 2, current: 3, data: null },
    ];
    const events: TaskEvent[] = [];
    for (const draft of drafts) events.push(await put("a", draft));
    const { epoch, state } = await store.read("a");
    const snapshot = events.reduce<Snapshot | undefined>(
      (before, event) => foldEvent(before, event, epoch),
      undefined,
    );
    assertEquals(state?.snapshot, snapshot);
  });

  test("publish() returns data unchanged", async ({ store, put }) => {
    const values = [
      false,
      0,
      "",
      [],
      {},
      1e-7,
      2 ** 53,
      "\0\u2028😀'\"\\",
      '{"a":1}',
      { a: [{ b: null }], "": 1, "ключ": "é" },
    ];
    for (const data of values) await put("a", { data });
    const { epoch } = await store.read("a");
    const { events } = await store.read("a", { epoch, offset: 0 });
    assertEquals(events.map(({ json }) => JSON.parse(json).data), values);
  });

  test("publish() keeps tasks with nearly the same id apart", async (bench) => {
    const { store, put } = bench;
    const ids = [
      "a",
      "A",
      "a ",
      "a/b",
      "a:b",
      "a%",
      "a_",
      "a*",
      "é",
      "e\u0301",
    ];
    ids.push("__proto__", "{a}", "'; --", "😀".repeat(256));
    for (const id of ids) {
      assertEquals(
        (await put(id, { event_id: "same", message: id })).offset,
        1,
      );
    }
    for (const id of ids) {
      const { offset, state } = await store.read(id);
      assertEquals([offset, state?.snapshot.message], [1, id]);
    }
  });

  test("publish() numbers concurrent events consecutively", async (bench) => {
    const { store, announced } = bench;
    const outcomes = await Promise.all(
      Array.from(
        { length: 60 },
        (_, i) => store.publish("ab"[i % 2] ?? "", {}),
      ),
    );
    const numbers = Array.from({ length: 30 }, (_, index) => index + 1);
    for (const id of ["a", "b"]) {
      const offsets = announced.filter(({ event }) =>
        event.connection_id === id
      ).map(({ event }) => event.offset);
      assertEquals(offsets, numbers, "announced out of order");
      const { epoch } = await store.read(id);
      const { events } = await store.read(id, { epoch, offset: 0 });
      assertEquals(events.map(({ offset }) => offset), numbers);
    }
    assertEquals(
      outcomes.map((outcome) => outcomeOf("stored", outcome).event.event_id)
        .toSorted(),
      announced.map(({ event }) => event.event_id).toSorted(),
    );
  });

  const races: Record<
    string,
    [draft: (i: number) => EventDraft, rest: string]
  > = {
    "end": [() => ({ status: "succeeded" }), "refused"],
    "retry": [() => ({ attempt: 2, status: "failed" }), "refused"],
    "owner": [(i) => ({ user_id: `user ${i}` }), "refused"],
    "event_id": [() => ({ event_id: "one" }), "duplicate"],
  };
  for (const [what, [draft, rest]] of Object.entries(races)) {
    test(`publish() takes one ${what} of ten concurrent ones`, async (bench) => {
      const { store, announced } = bench;
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, (_, i) => store.publish("a", draft(i))),
      );
      assertEquals(
        outcomes.map(({ kind }) => kind).toSorted(),
        [
          ...Array<string>(9).fill(rest),
          "stored",
        ].toSorted(),
      );
      assertEquals([announced.length, (await store.read("a")).offset], [1, 1]);
    });
  }

  const reads: Promise<unknown>[] = [];
  test("publish() stores, then announces, then answers", async (bench) => {
    const { put, announced } = bench;
    reads.length = 0;
    for (let count = 1; count <= 5; count++) {
      await put("a");
      assertEquals(announced.length, count);
    }
    assertEquals(
      await Promise.all(reads),
      announced.map(({ event }) => event.event_id),
    );
  }, {
    onAnnounce({ position: { epoch, offset } }, store) {
      reads.push(
        store.read("a", { epoch, offset: offset - 1 })
          .then(({ events }) => JSON.parse(events[0]?.json ?? "{}").event_id),
      );
    },
  });

  test("publish() changes nothing on a refusal", async (bench) => {
    const { store, put, announced } = bench;
    await put("a", { status: "failed", attempt: 2, user_id: "7" });
    const before = await store.read("a");
    const drafts: EventDraft[] = [
      { status: "running", message: "late", event_id: "late" },
      { attempt: 1 },
      { attempt: 3, user_id: "8" },
    ];
    for (const draft of drafts) {
      outcomeOf("refused", await store.publish("a", draft));
    }
    assertEquals(await store.read("a"), before);
    assertEquals(announced.length, 1);
    await put("a", { attempt: 3, event_id: "late" }); // the rejected event's id was not kept
  });
}
