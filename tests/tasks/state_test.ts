import { assert, assertEquals, assertExists, assertFalse } from "@std/assert";
import type { EventDraft } from "../../src/tasks/draft.ts";
import type { Snapshot } from "../../src/tasks/event.ts";
import type { MeasuredProgress } from "../../src/tasks/progress_rate.ts";
import {
  applyChange,
  type Refusal,
  type TaskState,
  type Transition,
} from "../../src/tasks/state.ts";
import type { Status } from "../../src/tasks/status.ts";

/** A stamp with the number of earlier events. */
function stamp(count = 0) {
  return {
    taskId: "upload_1",
    epoch: `epoch-${count}`,
    now: new Date(Date.UTC(2026, 10, 23, 20, 20, 58, count)),
  };
}

/** A task after an event, frozen to find accidental changes. */
function taskWith(members: Partial<Snapshot>, owner?: string): TaskState {
  const { taskId, epoch, now } = stamp();
  const timestamp = now.toISOString();
  const snapshot = Object.freeze({
    connection_id: taskId,
    offset: 1,
    event_id: `${epoch}:1`,
    status: "running" as const,
    attempt: 1,
    timestamp,
    epoch,
    created_at: timestamp,
    updated_at: timestamp,
    ...members,
  });
  return Object.freeze({ snapshot, ...(owner === undefined ? {} : { owner }) });
}

function accept(
  state: TaskState | undefined,
  draft: EventDraft,
): Required<Transition> {
  const result = applyChange(state, draft, stamp(1));
  assert("state" in result, `refused: ${JSON.stringify(result)}`);
  const { event, state: after } = result;
  assertExists(event);
  return { event, state: after };
}

function refuse(state: TaskState, draft: EventDraft): Refusal {
  const result = applyChange(state, draft, stamp(1));
  assert("code" in result, `accepted: ${JSON.stringify(result)}`);
  return result;
}

/** The measured progress after the first value. */
function startOf(
  of: "progress" | "current",
  value: number,
  now: Date,
): MeasuredProgress {
  const ms = now.getTime();
  return {
    of,
    count: 1,
    firstMs: ms,
    newestMs: ms,
    value,
    sampledMs: ms,
    sampled: value,
    typicalMs: 0,
    rate: 0,
  };
}

Deno.test("applyChange() begins a history with the first event", () => {
  const draft: EventDraft = {
    status: "queued",
    attempt: 3,
    progress: 0,
    message: "waiting",
    event_id: "mine",
    lease: 30,
    user_id: "7",
  };
  const event = {
    connection_id: "upload_1",
    offset: 1,
    event_id: "mine",
    status: "queued",
    attempt: 3,
    progress: 0,
    message: "waiting",
    timestamp: stamp(1).now.toISOString(),
  } as const;
  assertEquals(accept(undefined, draft), {
    event,
    state: {
      owner: "7",
      leaseEndsAtMs: stamp(1).now.getTime() + 30_000,
      leaseMs: 30_000,
      measured: startOf("progress", 0, stamp(1).now),
      snapshot: {
        ...event,
        epoch: "epoch-1",
        created_at: event.timestamp,
        updated_at: event.timestamp,
      },
    },
  });
});

Deno.test("applyChange() keeps a task's epoch and beginning, and numbers on", () => {
  const { event, state } = accept(taskWith({ offset: 7, message: "old" }), {
    progress: 0.5,
  });
  assertEquals(event.offset, 8);
  assertEquals(event.event_id, "epoch-0:8");
  assertFalse("message" in event);
  assertEquals(state.snapshot.message, "old");
  assertEquals(state.snapshot.epoch, "epoch-0");
  assertEquals(state.snapshot.created_at, stamp(0).now.toISOString());
  assertEquals(state.snapshot.updated_at, stamp(1).now.toISOString());
});

Deno.test("applyChange() writes an event's members in the spec's order", () => {
  const { event } = accept(undefined, {
    data: 1,
    message: "m",
    unit: "rows",
    total: 2,
    current: 1,
    progress: 0.5,
    attempt: 1,
    status: "running",
    event_id: "e",
  });
  assertEquals(
    Object.keys(event).join(" "),
    "connection_id offset event_id status attempt progress current total unit message data timestamp",
  );
});

const implied: [
  before: Status | undefined,
  draft: EventDraft,
  after: Status,
][] = [
  [undefined, {}, "running"],
  ["queued", {}, "queued"],
  ["running", {}, "running"],
  ["lost", {}, "running"],
  ["failed", { attempt: 2 }, "running"],
  ["canceled", { attempt: 2 }, "running"],
  ["failed", { attempt: 2, status: "queued" }, "queued"],
  ["lost", { status: "succeeded" }, "succeeded"],
  ["running", { status: "queued" }, "queued"],
  ["queued", { attempt: 2 }, "queued"],
];

for (const [before, draft, after] of implied) {
  Deno.test(`applyChange() makes ${before ?? "a new"} task ${after} by ${JSON.stringify(draft)}`, () => {
    const { event, state } = accept(
      before && taskWith({ status: before }),
      draft,
    );
    assertEquals([event.status, state.snapshot.status], [after, after]);
  });
}

for (const status of ["succeeded", "failed", "canceled"] as const) {
  Deno.test(`applyChange() lets nothing follow ${status} in the same attempt`, () => {
    const state = taskWith({ status, attempt: 2 });
    const drafts: EventDraft[] = [
      {},
      { status },
      { status: "running" },
      { progress: 1 },
      { attempt: 2 },
      { attempt: 2, status: "running" },
      { user_id: "7" },
    ];
    for (const draft of drafts) {
      assertEquals(refuse(state, draft).code, "task_finished");
    }
  });
}

Deno.test("applyChange() calls a finished task finished for an older attempt, too", () => {
  for (const status of ["succeeded", "failed", "canceled"] as const) {
    const state = taskWith({ status, attempt: 2 });
    assertEquals(refuse(state, { attempt: 1 }).code, "task_finished");
  }
});

Deno.test("applyChange() never reopens a succeeded task", () => {
  const state = taskWith({ status: "succeeded" });
  assertEquals(refuse(state, { attempt: 2 }).code, "task_finished");
});

Deno.test("applyChange() refuses events of a replaced worker", () => {
  for (const status of ["queued", "running", "lost"] as const) {
    const state = taskWith({ status, attempt: 3 });
    assertEquals(refuse(state, { attempt: 2 }).code, "attempt_outdated");
    assertEquals(accept(state, {}).event.attempt, 3);
    assertEquals(accept(state, { attempt: 3 }).event.attempt, 3);
    assertEquals(accept(state, { attempt: 5 }).event.attempt, 5);
  }
});

Deno.test("applyChange() fixes the owner with the first event", () => {
  assertEquals(accept(undefined, { user_id: "7" }).state.owner, "7");
  assertFalse("owner" in accept(undefined, {}).state);
  assertEquals(accept(taskWith({}, "7"), { user_id: "7" }).state.owner, "7");
  assertEquals(accept(taskWith({}, "7"), {}).state.owner, "7");
  for (const owner of [undefined, "07"]) {
    const { code } = refuse(taskWith({}, owner), { user_id: "7" });
    assertEquals(code, "owner_fixed");
  }
});

Deno.test("applyChange() keeps the owner out of events", () => {
  const { event, state } = accept(undefined, { user_id: "someone" });
  assertFalse(JSON.stringify([event, state.snapshot]).includes("someone"));
  const { detail } = refuse(taskWith({}, "someone"), { user_id: "7" });
  assertFalse(detail.includes("someone"));
});

const progress: [
  draft: EventDraft,
  before: Partial<Snapshot> | undefined,
  event: number | undefined,
][] = [
  [{ current: 42, total: 100 }, undefined, 0.42],
  [{ current: 0, total: 100 }, undefined, 0],
  [{ current: 100, total: 100 }, undefined, 1],
  [{ current: 101, total: 100 }, undefined, 1],
  [{ current: 1, total: 5e-324 }, undefined, 1],
  [{ current: 0, total: 0 }, undefined, undefined],
  [{ current: 5, total: 0 }, undefined, undefined],
  [{ current: 5 }, undefined, undefined],
  [{ total: 5 }, undefined, undefined],
  [{ current: 1, total: 2, progress: 0.9 }, undefined, 0.9],
  [{ current: 1, total: 2, progress: 0 }, undefined, 0],
  [{ current: 30 }, { current: 20, total: 100 }, 0.3],
  [{ total: 200 }, { current: 20, total: 100 }, 0.1],
  [{ message: "still" }, { current: 20, total: 100, progress: 0.2 }, undefined],
];

for (const [draft, before, expected] of progress) {
  Deno.test(`applyChange() computes progress ${expected} of ${JSON.stringify(draft)} after ${JSON.stringify(before ?? {})}`, () => {
    const { event, state } = accept(before && taskWith(before), draft);
    assertEquals(event.progress, expected);
    assertEquals("progress" in event, expected !== undefined);
    assertEquals(state.snapshot.progress, expected ?? before?.progress);
  });
}

Deno.test("applyChange() clears a member by null, and lists the member in the event", () => {
  const before = taskWith({ data: { frame: 1 }, message: "half" });
  const { event, state } = accept(before, { data: null, unit: null });
  assertEquals("data" in event, false);
  assertEquals(event.cleared, ["data"]);
  assertEquals("data" in state.snapshot, false);
  assertEquals("cleared" in state.snapshot, false);
  assertEquals(state.snapshot.message, "half");
  assertEquals(accept(before, {}).state.snapshot.data, { frame: 1 });
});

Deno.test("applyChange() begins a higher attempt clean, and keeps its total", () => {
  const before = taskWith({
    status: "failed",
    current: 42,
    total: 100,
    message: "m",
    data: 1,
  });
  const { snapshot } = accept(before, { attempt: 2, status: "running" }).state;
  const { progress, current, message, data, total } = snapshot;
  assertEquals([progress, current, message, data, total], [
    undefined,
    undefined,
    undefined,
    undefined,
    100,
  ]);
});

Deno.test("applyChange() sets progress 1 for a succeeded task", () => {
  const before = taskWith({ progress: 0.42 });
  assertEquals(accept(before, { status: "succeeded" }).event.progress, 1);
  assertEquals(
    accept(before, { status: "failed" }).state.snapshot.progress,
    0.42,
  );
});

Deno.test("applyChange() adds an increment to current", () => {
  const first = accept(undefined, { increment: 2, total: 4 });
  assertEquals([first.event.current, first.event.progress], [2, 0.5]);
  const second = accept(first.state, { increment: -0.5 });
  assertEquals([second.event.current, second.event.progress], [1.5, 0.375]);
  assertFalse("increment" in second.event);
});

Deno.test("applyChange() starts the increments of a new attempt at 0", () => {
  const { state } = accept(undefined, { increment: 2, status: "failed" });
  assertEquals(accept(state, { attempt: 2, increment: 1 }).event.current, 1);
});

Deno.test("applyChange() refuses an increment below 0 or beyond all numbers", () => {
  const { state } = accept(undefined, { current: 1 });
  assertEquals(refuse(state, { increment: -2 }).code, "bad_event");
  const { state: large } = accept(undefined, { current: Number.MAX_VALUE });
  assertEquals(
    refuse(large, { increment: Number.MAX_VALUE }).code,
    "bad_event",
  );
});

Deno.test("applyChange() forgives the rounding of increments", () => {
  const { state } = accept(undefined, { current: 0.3 });
  const { event } = accept(state, { increment: -(0.1 + 0.2) });
  assertEquals(event.current, 0);
});

Deno.test("applyChange() fixes the labels with the first event", () => {
  const { state } = accept(undefined, { labels: ["b", "a"] });
  assertEquals(accept(state, { labels: ["a", "b"] }).state.snapshot.labels, [
    "b",
    "a",
  ]);
  for (const labels of [[], ["a"], ["a", "c"], ["a", "b", "c"]]) {
    assertEquals(refuse(state, { labels }).code, "labels_fixed");
  }
  const { state: plain } = accept(undefined, {});
  assertEquals(refuse(plain, { labels: ["a"] }).code, "labels_fixed");
  assertFalse("labels" in accept(plain, { labels: [] }).state.snapshot);
});

Deno.test("applyChange() keeps the title until cleared", () => {
  const { state, event } = accept(undefined, { title: "Import" });
  assertEquals(event.title, "Import");
  const later = accept(state, { progress: 0.5 });
  assertFalse("title" in later.event);
  assertEquals(later.state.snapshot.title, "Import");
  const cleared = accept(later.state, { title: null });
  assertEquals(cleared.event.cleared, ["title"]);
  assertFalse("title" in cleared.state.snapshot);
});

/** Applies drafts, one each second. */
function eachSecond(drafts: readonly EventDraft[]): Required<Transition>[] {
  let state: TaskState | undefined;
  return drafts.map((draft, index) => {
    const result = applyChange(state, draft, {
      taskId: "upload_1",
      epoch: "epoch-0",
      now: new Date(index * 1_000),
    });
    assert("state" in result && result.event, JSON.stringify(result));
    state = result.state;
    return { event: result.event, state };
  });
}

Deno.test("applyChange() estimates rate and end of a running task", () => {
  const total = 10;
  const events = eachSecond([
    { status: "queued", current: 0, total },
    { current: 1, status: "running" },
    { current: 2 },
    { message: "still moving" },
    { status: "queued" },
    { current: 5, status: "running" },
    { status: "succeeded" },
  ]).map(({ event: { rate, eta } }) => [rate, eta]);
  assertEquals(events, [
    [undefined, undefined],
    [undefined, undefined],
    [1, "1970-01-01T00:00:10.000Z"],
    [1, "1970-01-01T00:00:10.000Z"],
    [undefined, undefined],
    [1, "1970-01-01T00:00:10.000Z"],
    [undefined, undefined],
  ]);
});

Deno.test("applyChange() measures a new attempt from its start", () => {
  const steps = eachSecond([
    { current: 1 },
    { current: 2 },
    { current: 3, status: "failed" },
    { attempt: 2, current: 1 },
    { current: 2 },
    { current: 3 },
  ]);
  assertEquals(steps.map(({ state }) => state.measured?.count), [
    1,
    2,
    undefined,
    1,
    2,
    3,
  ]);
});

Deno.test("applyChange() notes when an attempt started and ended", () => {
  const times = eachSecond([
    { status: "queued" },
    { status: "running" },
    { progress: 0.5 },
    { status: "failed" },
    { attempt: 2, status: "queued" },
    { status: "running" },
    { status: "succeeded" },
  ]).map(({ state: { snapshot: { started_at, ended_at } } }) =>
    [started_at, ended_at].map((time) => time && Date.parse(time))
  );
  assertEquals(times, [
    [undefined, undefined],
    [1_000, undefined],
    [1_000, undefined],
    [1_000, 3_000],
    [undefined, undefined],
    [5_000, undefined],
    [5_000, 6_000],
  ]);
});
