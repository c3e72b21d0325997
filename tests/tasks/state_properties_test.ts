import {
  assert,
  assertEquals,
  assertExists,
  assertFalse,
  assertGreater,
} from "@std/assert";
import fc from "fast-check";
import type { EventDraft } from "../../src/tasks/draft.ts";
import type { Snapshot, TaskEvent } from "../../src/tasks/event.ts";
import { foldEvent, mergeEvents } from "../../src/tasks/snapshot.ts";
import { applyChange, type TaskState } from "../../src/tasks/state.ts";
import { isTerminal } from "../../src/tasks/status.ts";

/** A stamp with the number of earlier events. */
function stamp(count: number) {
  return {
    taskId: "upload_1",
    epoch: `epoch-${count}`,
    now: new Date(count),
  };
}

/** The result of a series of drafts, with the accepted drafts. */
function runDrafts(drafts: readonly EventDraft[]) {
  let state: TaskState | undefined;
  const accepted: EventDraft[] = [];
  const events: TaskEvent[] = [];
  for (const draft of drafts) {
    const result = applyChange(state, draft, stamp(events.length));
    if ("code" in result) continue;
    accepted.push(draft);
    assertExists(result.event);
    events.push(result.event);
    state = result.state;
  }
  return { state, accepted, events };
}

const amounts = fc.oneof(
  fc.nat(2),
  fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
);

const members = {
  title: fc.option(fc.string()),
  progress: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
  current: fc.option(amounts),
  total: fc.option(amounts),
  unit: fc.option(fc.constantFrom("rows", "bytes")),
  message: fc.option(fc.string()),
  data: fc.option(fc.jsonValue()),
  event_id: fc.string({ minLength: 1 }),
};

const steps = {
  status: fc.constantFrom(
    ...["queued", "running", "succeeded", "failed", "canceled"] as const,
  ),
  attempt: fc.integer({ min: 1, max: 9 }),
};

/** Mostly progress, with retries; otherwise nearly all drafts would be refused. */
const histories = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record(members, { requiredKeys: [] }) },
    {
      weight: 2,
      arbitrary: fc.record(steps),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        ...members,
        ...steps,
        user_id: fc.constantFrom("7", "8"),
      }, { requiredKeys: [] }),
    },
  ),
  { maxLength: 30, size: "max" },
);

/** Checks a property of the result of any series of drafts. */
function forAll(check: (run: ReturnType<typeof runDrafts>) => void): void {
  const property = fc.property(histories, (drafts) => check(runDrafts(drafts)));
  fc.assert(property, { numRuns: 1_000 });
}

Deno.test("applyChange() keeps the snapshot equal to the fold of the history", () => {
  forAll(({ state, events }) => {
    const folded = events.reduce<Snapshot | undefined>(
      (before, event) => foldEvent(before, event, stamp(0).epoch),
      undefined,
    );
    assertEquals(state?.snapshot, folded);
  });
});

Deno.test("foldEvent() keeps each member's newest value until cleared or a new attempt", () => {
  forAll(({ state, accepted, events }) => {
    const values: Record<string, unknown> = {};
    let attempt = 1;
    for (const [index, event] of events.entries()) {
      if (event.attempt > attempt) {
        for (const name of ["progress", "current", "message", "data"]) {
          delete values[name];
        }
      }
      attempt = event.attempt;
      for (const [name, value] of Object.entries(accepted[index] ?? {})) {
        if (value === null) delete values[name];
      }
      for (
        const name of [
          "title",
          "progress",
          "current",
          "total",
          "unit",
          "message",
          "data",
        ] as const
      ) {
        if (event[name] !== undefined) values[name] = event[name];
      }
    }
    const { title, progress, current, total, unit, message, data } =
      state?.snapshot ?? {};
    const snapshot = { title, progress, current, total, unit, message, data };
    const given = Object.entries(snapshot).filter(([, value]) =>
      value !== undefined
    );
    assertEquals(Object.fromEntries(given), values);
  });
});

Deno.test("mergeEvents() amounts to both events", () => {
  forAll(({ events }) => {
    for (const [index, first] of events.entries()) {
      const second = events[index + 1];
      if (second === undefined) return;
      const before = events.slice(0, index).reduce<Snapshot | undefined>(
        (snapshot, event) => foldEvent(snapshot, event, "e"),
        undefined,
      );
      const merged = foldEvent(before, mergeEvents(first, second), "e");
      const each = foldEvent(foldEvent(before, first, "e"), second, "e");
      const times = { created_at: "", started_at: "" };
      assertEquals({ ...merged, ...times }, { ...each, ...times });
    }
  });
});

Deno.test("applyChange() sets progress 1 on success, and never stores null", () => {
  forAll(({ events }) => {
    for (const event of events) {
      if (event.status === "succeeded") assertEquals(event.progress, 1);
      const { progress, current, total, unit, message, data } = event;
      assertFalse(
        [progress, current, total, unit, message, data].includes(null),
      );
    }
  });
});

Deno.test("applyChange() accepts events after the end only for a higher attempt", () => {
  forAll(({ events }) => {
    for (const [index, { status, attempt }] of events.entries()) {
      const next = events[index + 1];
      if (next === undefined) return;
      assert(next.attempt >= attempt);
      assert(status !== "succeeded");
      if (isTerminal(status)) assertGreater(next.attempt, attempt);
    }
  });
});

Deno.test("applyChange() changes nothing on a refusal", () => {
  forAll((run) => assertEquals(runDrafts(run.accepted), run));
});

Deno.test("applyChange() counts offsets from 1 without gaps", () => {
  forAll(({ state, events }) => {
    assertEquals(
      events.map(({ offset }) => offset),
      events.map((_, index) => index + 1),
    );
    assertEquals(state?.snapshot.offset ?? 0, events.length);
  });
});

Deno.test("applyChange() keeps progress within 0 and 1", () => {
  forAll(({ events }) => {
    for (const { progress = 0 } of events) {
      assert(progress >= 0 && progress <= 1, String(progress));
    }
  });
});

Deno.test("applyChange() never writes an absent member", () => {
  forAll(({ events }) => {
    for (const event of events) {
      assertFalse(Object.values(event).includes(undefined));
    }
  });
});
