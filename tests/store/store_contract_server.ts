import { assert, assertEquals, assertExists, assertGreater } from "@std/assert";
import { outcomeOf, type Test } from "./store_contract_bench.ts";

/** Tests of the server's own changes: a lost worker, a cancel request. */
export function testServerChanges(test: Test): void {
  test("publish() stores a loss after the event whose lease ended", async (bench) => {
    const { store, put, announced } = bench;
    await put("a", { lease: 10, progress: 0.5 });
    const outcome = outcomeOf(
      "stored",
      await store.publish("a", { kind: "lost", offset: 1 }),
    );
    assertEquals([outcome.event.status, outcome.event.offset], ["lost", 2]);
    const { epoch, state } = await store.read("a");
    assertEquals(state?.snapshot.progress, 0.5);
    assertEquals(state?.leaseEndsAtMs, undefined);
    const { events } = await store.read("a", { epoch, offset: 1 });
    assertEquals(events.map(({ json }) => JSON.parse(json)), [outcome.event]);
    assertEquals(announced.map(({ event }) => event.status), [
      "running",
      "lost",
    ]);
    assertEquals((await put("a")).status, "running");
  });

  test("publish() keeps and announces the end of a lease", async (bench) => {
    const { store, put, announced } = bench;
    const { timestamp } = await put("a", { lease: 10 });
    const endsAtMs = Date.parse(timestamp) + 10_000;
    assertEquals(announced[0]?.leaseEndsAtMs, endsAtMs);
    assertEquals((await store.read("a")).state?.leaseEndsAtMs, endsAtMs);
    await put("a");
    assertEquals(announced[1]?.leaseEndsAtMs, undefined);
    assertEquals((await store.read("a")).state?.leaseEndsAtMs, undefined);
  });

  test("publish() refuses a loss after a later event", async (bench) => {
    const { store, put, announced } = bench;
    await put("a", { lease: 10 });
    await put("a", { lease: 10 });
    const loss = await store.publish("a", { kind: "lost", offset: 1 });
    assertEquals(outcomeOf("refused", loss).refusal.code, "lease_renewed");
    const other = await store.publish("b", { kind: "lost", offset: 1 });
    assertEquals(outcomeOf("refused", other).refusal.code, "task_unknown");
    assertEquals(announced.length, 2);
  });

  test("publish() notes a request to cancel, until a new attempt", async (bench) => {
    const { store, put, announced, noticed } = bench;
    await put("a");
    outcomeOf("noted", await store.publish("a", { kind: "cancel" }));
    assertEquals(noticed, [{ kind: "cancel_requested", taskId: "a" }]);
    const { offset, state } = await store.read("a");
    assertEquals([offset, state?.cancelRequested], [1, true]);

    const next = await store.publish("a", { event_id: "two" });
    assertEquals(outcomeOf("stored", next).cancelRequested, true);
    const again = await store.publish("a", { event_id: "two" });
    assertEquals(outcomeOf("duplicate", again).cancelRequested, true);
    await put("a", { status: "canceled" });
    const late = await store.publish("a", { kind: "cancel" });
    assertEquals(outcomeOf("refused", late).refusal.code, "task_finished");
    const retry = await store.publish("a", { attempt: 2 });
    assertEquals(outcomeOf("stored", retry).cancelRequested, false);
    assertEquals([announced.length, noticed.length], [4, 1]);
  });

  test("publish() renews a lease by a heartbeat, without an event", async (bench) => {
    const { store, put, announced, noticed } = bench;
    await put("a", { lease: 10 });
    const before = await store.read("a");
    const beat = { kind: "heartbeat", lease: 60 } as const;
    const noted = outcomeOf("noted", await store.publish("a", beat));
    assertEquals(noted.isNew, false);
    const { state, ...after } = await store.read("a");
    assertEquals({ ...after, state: state?.snapshot }, {
      ...before,
      state: before.state?.snapshot,
    });
    assertEquals(state?.leaseMs, 60_000);
    assertGreater(
      state?.leaseEndsAtMs ?? 0,
      before.state?.leaseEndsAtMs ?? Infinity,
    );
    const loss = {
      kind: "lost",
      offset: 1,
      endsAtMs: before.state?.leaseEndsAtMs ?? 0,
    } as const;
    const refused = outcomeOf("refused", await store.publish("a", loss));
    assertEquals(refused.refusal.code, "lease_renewed");
    assertEquals(announced.length, 1);
    assert(noticed.every(({ kind }) => kind === "lease_renewed"));
  });

  test("publish() takes a lost task back by a heartbeat", async (bench) => {
    const { store, put, announced } = bench;
    await put("a", { lease: 10, message: "half" });
    await store.publish("a", { kind: "lost", offset: 1 });
    const outcome = outcomeOf(
      "stored",
      await store.publish("a", { kind: "heartbeat" }),
    );
    assertEquals([outcome.event.status, outcome.event.offset], ["running", 3]);
    assertEquals(announced.map(({ event }) => event.status), [
      "running",
      "lost",
      "running",
    ]);
    const { state } = await store.read("a");
    assertEquals([state?.snapshot.message, state?.leaseMs], ["half", 10_000]);
    assertExists(state?.leaseEndsAtMs);
  });

  test("publish() refuses heartbeats of unknown and ended tasks", async (bench) => {
    const { store, put } = bench;
    await put("b", { status: "succeeded" });
    const codes = [];
    for (const id of ["a", "b"]) {
      const outcome = await store.publish(id, { kind: "heartbeat" });
      codes.push(outcomeOf("refused", outcome).refusal.code);
    }
    assertEquals(codes, ["task_unknown", "task_finished"]);
  });

  test("watch() announces requests to cancel to listeners alone", async (bench) => {
    const { store, put, noticed } = bench;
    await put("c");
    await store.watch("c", 0, 1);
    const { watchers = 0 } = await store.read("c");
    assertEquals(watchers, 0);
    await store.publish("c", { kind: "cancel" });
    assertEquals(noticed, [{ kind: "cancel_requested", taskId: "c" }]);
    await store.watch("c", 0, 0);
  });

  test("publish() knows no unknown task to cancel", async ({ store }) => {
    const outcome = await store.publish("a", { kind: "cancel" });
    assertEquals(outcomeOf("refused", outcome).refusal.code, "task_unknown");
    assertEquals((await store.read("a")).state, undefined);
  });
}
