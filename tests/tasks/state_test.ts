import { assert, assertEquals, assertExists, assertFalse } from "@std/assert";
import type { EventDraft } from "../../src/tasks/draft.ts";
import type { Snapshot } from "../../src/tasks/event.ts";
import {
  applyChange,
  type Refusal,
  type TaskState,
  type Transition,
} from "../../src/tasks/state.ts";
import type { Status } from "../../src/tasks/status.ts";

/** A stamp that tells how many events came before. */
function stamp(count = 0) {
  return {
    taskId: "upload_1",
    epoch: `epoch-${count}`,
    now: new Date(Date.UTC(2026, 10, 23, 20, 20, 58, count)),
  };
}

/** A task after one event; frozen, so that no later change can modify it. */
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

Deno.test("applyChange() clears a member by null, and lists it in the event", () => {
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
