import { assert, assertEquals, assertFalse } from "@std/assert";
import type { EventDraft } from "../../src/tasks/draft.ts";
import type { Snapshot, TaskEvent } from "../../src/tasks/event.ts";
import {
  describeTask,
  foldEvent,
  mergeEvents,
  progressOf,
} from "../../src/tasks/snapshot.ts";
import { applyChange, type TaskState } from "../../src/tasks/state.ts";

const first: TaskEvent = {
  connection_id: "upload_1",
  offset: 1,
  event_id: "e1",
  status: "queued",
  attempt: 1,
  message: "waiting",
  data: { frame: 1 },
  timestamp: "2026-11-23T20:20:58.000Z",
};

const second: TaskEvent = {
  connection_id: "upload_1",
  offset: 2,
  event_id: "e2",
  status: "failed",
  attempt: 2,
  progress: 0,
  data: null,
  timestamp: "2026-11-23T20:20:59.000Z",
};

Deno.test("foldEvent() begins a snapshot with the first event", () => {
  assertEquals(foldEvent(undefined, first, "life"), {
    ...first,
    epoch: "life",
    created_at: first.timestamp,
    updated_at: first.timestamp,
  });
});

Deno.test("foldEvent() takes the newest of each member, and keeps the rest", () => {
  const before = foldEvent(undefined, first, "life");
  assertEquals(foldEvent(before, { ...second, attempt: 1 }, "life"), {
    ...second,
    attempt: 1,
    message: "waiting",
    epoch: "life",
    created_at: first.timestamp,
    updated_at: second.timestamp,
    ended_at: second.timestamp,
  });
});

Deno.test("foldEvent() begins a new attempt without the previous attempt's members", () => {
  const before = foldEvent(
    undefined,
    { ...first, total: 9, unit: "rows" },
    "life",
  );
  assertEquals(foldEvent(before, second, "life"), {
    ...second,
    total: 9,
    unit: "rows",
    epoch: "life",
    created_at: first.timestamp,
    updated_at: second.timestamp,
    ended_at: second.timestamp,
  });
});

Deno.test("foldEvent() leaves the previous snapshot unchanged", () => {
  const before = Object.freeze(foldEvent(undefined, first, "life"));
  const copy = structuredClone(before);
  foldEvent(before, second, "life");
  assertEquals(before, copy);
});

const snapshot = foldEvent(undefined, first, "life");

Deno.test("describeTask() is the snapshot and its watchers", () => {
  assertEquals(describeTask({ snapshot }, 3), { ...snapshot, watchers: 3 });
  assertFalse("cancel_requested" in describeTask({ snapshot }, 0));
});

Deno.test("describeTask() includes a cancel request, but not owner and lease", () => {
  const state = {
    snapshot,
    owner: "someone",
    leaseEndsAtMs: 123_456,
    cancelRequested: true,
  } as const;
  assertEquals(describeTask(state, 0), {
    ...snapshot,
    watchers: 0,
    cancel_requested: true,
  });
});

const worked: [
  what: string,
  draft: EventDraft,
  before: Partial<Snapshot>,
  progress: number | undefined,
][] = [
  ["nothing of an empty draft", {}, { current: 1, total: 2 }, undefined],
  ["it of current and total", { current: 1, total: 4 }, {}, 0.25],
  [
    "it of current and the known total",
    { current: 3 },
    { current: 1, total: 4 },
    0.75,
  ],
  [
    "it of total and the known current",
    { total: 10 },
    { current: 1, total: 4 },
    0.1,
  ],
  ["it as it is given", { current: 1, total: 4, progress: 0 }, {}, 0],
  ["no more than all of it", { current: 9, total: 4 }, {}, 1],
  ["nothing without a total", { current: 9 }, {}, undefined],
  ["nothing of no total", { current: 0 }, { total: 0 }, undefined],
  ["0 of 0 as current", { current: 0 }, { total: 4 }, 0],
];

for (const [what, draft, before, progress] of worked) {
  Deno.test(`progressOf() makes ${what}`, () => {
    assertEquals(progressOf(draft, { ...snapshot, ...before }), progress);
  });
}

Deno.test("progressOf() knows of nothing before the first event", () => {
  assertEquals(progressOf({ current: 1 }, undefined), undefined);
  assertEquals(progressOf({ total: 1 }, undefined), undefined);
});

Deno.test("describeTask() drops the estimates of a task that has stalled since", () => {
  let state: TaskState | undefined;
  for (const current of [0, 1, 2]) {
    const result = applyChange(state, { current, total: 4 }, {
      taskId: "a",
      epoch: "life",
      now: new Date(current * 1_000),
    });
    assert("state" in result);
    state = result.state;
  }
  assert(state);
  const { rate, eta } = describeTask(state, 0, 4_000);
  assertEquals([rate, eta], [1, "1970-01-01T00:00:04.000Z"]);
  const stalled = describeTask(state, 0, 4_001);
  assertFalse("rate" in stalled || "eta" in stalled);
});

Deno.test("mergeEvents() takes the estimates of the second event alone", () => {
  const estimates = { rate: 1, eta: first.timestamp };
  assertFalse("rate" in mergeEvents({ ...first, ...estimates }, second));
  assertEquals(mergeEvents(first, { ...second, ...estimates }).rate, 1);
});
