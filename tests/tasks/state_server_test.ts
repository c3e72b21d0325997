import {
  assert,
  assertEquals,
  assertFalse,
  assertStrictEquals,
} from "@std/assert";
import type { EventDraft } from "../../src/tasks/draft.ts";
import {
  applyChange,
  type Change,
  type TaskState,
} from "../../src/tasks/state.ts";
import { statuses } from "../../src/tasks/status.ts";

function stamp(ms: number) {
  return {
    taskId: "upload_1",
    epoch: `epoch-${ms}`,
    now: new Date(ms),
  };
}

/** A frozen task after the given changes. Fails if a change is refused. */
function after(...changes: Change[]): TaskState {
  let state: TaskState | undefined;
  for (const [ms, change] of changes.entries()) {
    const result = applyChange(state, change, stamp(ms));
    assert("state" in result, `refused: ${JSON.stringify(result)}`);
    state = Object.freeze(result.state);
  }
  assert(state);
  return state;
}

function apply(state: TaskState | undefined, change: Change) {
  return applyChange(state, change, stamp(60_000));
}

function codeOf(state: TaskState | undefined, change: Change): string {
  const result = apply(state, change);
  assert("code" in result, `accepted: ${JSON.stringify(result)}`);
  assert(result.detail !== "");
  return result.code;
}

const cancel = { kind: "cancel" } as const;
const lost = (offset: number) => ({ kind: "lost", offset }) as const;

Deno.test("applyChange() makes a task lost by an event of the server's own", () => {
  const draft = {
    progress: 0.5,
    message: "half",
    attempt: 3,
    user_id: "7",
    lease: 30,
  };
  const before = after(draft);
  const result = apply(before, lost(1));
  const timestamp = new Date(60_000).toISOString();
  const event = {
    connection_id: "upload_1",
    offset: 2,
    event_id: "epoch-0:2",
    status: "lost",
    attempt: 3,
    timestamp,
  };
  assertEquals<unknown>(result, {
    event,
    state: {
      snapshot: { ...before.snapshot, ...event, updated_at: timestamp },
      owner: "7",
      leaseMs: 30_000,
      measured: before.measured,
    },
  });
});

Deno.test("applyChange() keeps a requested cancel through a loss", () => {
  const state = after({ lease: 30 }, cancel, lost(1));
  assertEquals(state.cancelRequested, true);
  assertEquals(state.snapshot.status, "lost");
});

Deno.test("applyChange() loses a queued task as well", () => {
  const state = after({ status: "queued", lease: 30 }, lost(1));
  assertEquals(state.snapshot.status, "lost");
});

for (
  const [what, changes, offset] of [
    ["another event came", [{ lease: 30 }, { lease: 30 }], 1],
    ["an event came without a lease", [{ lease: 30 }, {}], 2],
    ["the task never had a lease", [{}], 1],
    ["it is lost already", [{ lease: 30 }, lost(1)], 2],
    ["it is of an event to come", [{ lease: 30 }], 2],
    ["the task is over", [{ lease: 30 }, { status: "succeeded" }], 1],
    ["the task is over, by its newest event", [
      { status: "failed", lease: 30 },
    ], 1],
  ] satisfies [string, Change[], number][]
) {
  Deno.test(`applyChange() refuses a loss if ${what}`, () => {
    assertEquals(codeOf(after(...changes), lost(offset)), "lease_renewed");
  });
}

Deno.test("applyChange() refuses to lose or cancel an unknown task", () => {
  for (const change of [lost(1), cancel]) {
    assertEquals(apply(undefined, change), {
      code: "task_unknown",
      detail:
        "No such task: nothing was published under this id, or it has expired",
    });
  }
});

Deno.test("applyChange() resumes a lost task with the worker's next event", () => {
  const state = after({ lease: 30, progress: 0.5 }, lost(1), { lease: 10 });
  assertEquals(state.snapshot.status, "running");
  assertEquals(state.snapshot.progress, 0.5);
  assertEquals(state.leaseEndsAtMs, 2 + 10_000);
});

for (const status of statuses) {
  if (status === "lost") continue;
  const ends = ["succeeded", "failed", "canceled"].includes(status);
  Deno.test(`applyChange() ${ends ? "ignores" : "keeps"} the lease of an event that is ${status}`, () => {
    const { leaseEndsAtMs } = after({ status, lease: 1.5 });
    assertEquals(leaseEndsAtMs, ends ? undefined : 1_500);
  });
}

Deno.test("applyChange() drops the lease with the next event without a lease", () => {
  assertFalse("leaseEndsAtMs" in after({ lease: 30 }, {}));
  assertFalse("leaseEndsAtMs" in after({ lease: 30 }, { status: "failed" }));
});

Deno.test("applyChange() notes a request to cancel, without an event", () => {
  const before = after({ progress: 0.5, user_id: "7", lease: 30 });
  assertEquals<unknown>(apply(before, cancel), {
    state: { ...before, cancelRequested: true },
  });
  const asked = after({}, cancel);
  assertEquals<unknown>(apply(asked, cancel), { state: asked });
});

for (const status of ["succeeded", "failed", "canceled"] as const) {
  Deno.test(`applyChange() cancels nothing that is ${status}`, () => {
    assertEquals(codeOf(after({ status }), cancel), "task_finished");
  });
}

Deno.test("applyChange() cancels a lost task: its worker may come back", () => {
  assertEquals(after({ lease: 1 }, lost(1), cancel).cancelRequested, true);
});

for (
  const [draft, keeps] of [
    [{}, true],
    [{ progress: 1 }, true],
    [{ status: "queued" }, true],
    [{ attempt: 1 }, true],
    [{ status: "canceled" }, true],
    [{ attempt: 2 }, false],
    [{ attempt: 2, status: "queued" }, false],
  ] satisfies [EventDraft, boolean][]
) {
  Deno.test(`applyChange() ${keeps ? "keeps" : "drops"} a request to cancel with ${JSON.stringify(draft)}`, () => {
    const state = after({}, cancel, draft);
    assertEquals(state.cancelRequested, keeps ? true : undefined);
    assertEquals("cancelRequested" in state, keeps);
  });
}

Deno.test("applyChange() reopens a canceled task without its request to cancel", () => {
  const state = after({}, cancel, { status: "canceled" }, { attempt: 2 });
  assertEquals(state.snapshot.status, "running");
  assertFalse("cancelRequested" in state);
});

const heartbeat = { kind: "heartbeat" } as const;

Deno.test("applyChange() renews a lease by a heartbeat, for the time before or a new one", () => {
  const before = after({ lease: 30 });
  const same = apply(before, heartbeat);
  assertEquals<unknown>(same, {
    state: { ...before, leaseEndsAtMs: 90_000 },
  });
  const longer = apply(before, { ...heartbeat, lease: 40 });
  assertEquals<unknown>(longer, {
    state: { ...before, leaseEndsAtMs: 100_000, leaseMs: 40_000 },
  });
});

Deno.test("applyChange() changes nothing by a heartbeat without any lease", () => {
  const before = after({});
  const result = apply(before, heartbeat);
  assertStrictEquals("state" in result && result.state, before);
});

Deno.test("applyChange() takes a lost task back to running by a heartbeat", () => {
  const before = after({ lease: 30, progress: 0.5 }, cancel, lost(1));
  const result = apply(before, heartbeat);
  assert("state" in result);
  const { event, state } = result;
  assertEquals([event?.status, event?.offset], ["running", 3]);
  assertEquals(event?.progress, undefined);
  assertEquals(state.snapshot.progress, 0.5);
  assertEquals([state.leaseEndsAtMs, state.cancelRequested], [90_000, true]);
});

Deno.test("applyChange() refuses a loss of a lease that a heartbeat renewed", () => {
  const before = after({ lease: 30 });
  const { leaseEndsAtMs = 0 } = before;
  const beaten = apply(before, heartbeat);
  assert("state" in beaten);
  const loss = { ...lost(1), endsAtMs: leaseEndsAtMs };
  assertEquals(codeOf(beaten.state, loss), "lease_renewed");
  const late = { ...lost(1), endsAtMs: 90_000 };
  assert("event" in apply(beaten.state, late));
});

Deno.test("applyChange() refuses a heartbeat of a task that is unknown or has ended", () => {
  assertEquals(codeOf(undefined, heartbeat), "task_unknown");
  for (const status of ["succeeded", "failed", "canceled"] as const) {
    assertEquals(codeOf(after({ status }), heartbeat), "task_finished");
  }
});
