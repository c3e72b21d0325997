import { assert, assertEquals, assertFalse } from "@std/assert";
import fc from "fast-check";
import { Backlog, type Sendable } from "../../src/watch/backlog.ts";
import type {
  Snapshot,
  TaskEvent,
  TaskMembers,
} from "../../src/tasks/event.ts";
import { foldEvent } from "../../src/tasks/snapshot.ts";
import { isTerminal, type Status, statuses } from "../../src/tasks/status.ts";

function event(
  offset: number,
  status: Status = "running",
  members: TaskMembers & { attempt?: number } = {},
): TaskEvent {
  return {
    connection_id: "upload_1",
    offset,
    event_id: `e${offset}`,
    status,
    attempt: 1,
    ...members,
    timestamp: new Date(offset).toISOString(),
  };
}

function takeAll(backlog: Backlog): Sendable[] {
  const taken: Sendable[] = [];
  for (let item = backlog.take(); item; item = backlog.take()) taken.push(item);
  return taken;
}

/** Returns every item's last offset and number of merged events. */
function summary(items: readonly Sendable[]): [number, number][] {
  return items.map(({ event, skipped }) => [event.offset, skipped]);
}

Deno.test("Backlog.take() returns added events unchanged and in order", () => {
  const backlog = new Backlog();
  const events = [event(1), event(2, "running", { progress: 0.5 }), event(3)];
  for (const one of events) backlog.add(one, `frame ${one.offset}`);
  assertEquals(backlog.size, 3);
  assertEquals(
    takeAll(backlog),
    events.map((event) => ({
      event,
      frame: `frame ${event.offset}`,
      skipped: 0,
    })),
  );
  assertEquals([backlog.size, backlog.take()], [0, undefined]);
});

Deno.test("Backlog.merge() merges waiting events with all their members", () => {
  const backlog = new Backlog();
  backlog.add(event(1, "queued", { message: "waiting", unit: "rows" }));
  backlog.add(event(2, "running", { progress: 0.1, message: "begun" }));
  backlog.add(event(3, "running", { data: null }));
  backlog.merge();
  assertEquals(backlog.size, 1);
  assertEquals(takeAll(backlog), [{
    event: event(3, "running", {
      message: "begun",
      unit: "rows",
      progress: 0.1,
      data: null,
    }),
    skipped: 2,
  }]);
});

Deno.test("Backlog.merge() merges later events, until the backlog is empty", () => {
  const backlog = new Backlog();
  backlog.merge();
  for (const offset of [1, 2, 3]) backlog.add(event(offset));
  assertEquals(summary(takeAll(backlog)), [[3, 2]]);
  for (const offset of [4, 5]) backlog.add(event(offset));
  assertEquals(summary(takeAll(backlog)), [[4, 0], [5, 0]]);
});

Deno.test("Backlog.merge() keeps counting when called again", () => {
  const backlog = new Backlog();
  for (const offset of [1, 2]) backlog.add(event(offset));
  backlog.merge();
  backlog.add(event(3));
  backlog.merge();
  backlog.add(event(4));
  assertEquals(summary(takeAll(backlog)), [[4, 3]]);
});

Deno.test("Backlog.merge() continues until the backlog is empty", () => {
  const backlog = new Backlog();
  for (const [offset, status] of [[1, "failed"], [2, "queued"]] as const) {
    backlog.add(event(offset, status));
  }
  backlog.merge();
  assertEquals(summary([backlog.take()].filter((item) => !!item)), [[1, 0]]);
  backlog.add(event(3));
  assertEquals(summary(takeAll(backlog)), [[3, 1]]);
});

for (const status of statuses) {
  const stays = isTerminal(status) || status === "lost";
  Deno.test(`Backlog.merge() ${stays ? "keeps" : "merges"} ${status}`, () => {
    const backlog = new Backlog();
    backlog.merge();
    backlog.add(event(1));
    backlog.add(event(2, status));
    backlog.add(event(3));
    assertEquals(
      summary(takeAll(backlog)),
      stays ? [[1, 0], [2, 0], [3, 0]] : [[3, 2]],
    );
  });
}

for (
  const [criterion, frame, count] of [
    ["1,000 events", "", 1_000],
    ["1 MiB of frames", "x".repeat(65_536), 16],
  ] as const
) {
  Deno.test(`Backlog.isFull at ${criterion}, and not once they are merged or taken`, () => {
    const backlog = new Backlog();
    const fill = () => {
      for (let offset = 1; offset <= count; offset++) {
        assertFalse(backlog.isFull);
        backlog.add(event(offset), frame);
      }
      assert(backlog.isFull);
    };
    fill();
    backlog.take();
    assertFalse(backlog.isFull);
    backlog.clear();
    fill();
    backlog.merge();
    assertFalse(backlog.isFull);
  });
}

Deno.test("Backlog.clear() drops all events and stops merging", () => {
  const backlog = new Backlog();
  backlog.add(event(1));
  backlog.merge();
  backlog.clear();
  assertEquals(backlog.size, 0);
  for (const offset of [2, 3]) backlog.add(event(offset));
  assertEquals(summary(takeAll(backlog)), [[2, 0], [3, 0]]);
});

const members = fc.record({
  progress: fc.double({ min: 0, max: 1, noNaN: true }),
  current: fc.nat(),
  message: fc.string(),
  data: fc.jsonValue(),
  attempt: fc.integer({ min: 1, max: 3 }),
}, { requiredKeys: [] });

/**
 * A step in the life of a backlog: an event arrives, the reader is slow, or the
 * reader takes an event.
 */
const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom("queued", "running" as const) },
    { weight: 2, arbitrary: fc.constantFrom(...statuses) },
    { weight: 2, arbitrary: fc.constantFrom("merge" as const) },
    { weight: 2, arbitrary: fc.constantFrom("take" as const) },
  ).chain((step) => members.map((members) => ({ step, members }))),
  { maxLength: 60, size: "max" },
);

/**
 * Folds events. The times of a task's creation and start are not in events, but in
 * `sync`.
 */
function fold(events: readonly TaskEvent[]): Partial<Snapshot> {
  const snapshot = events.reduce<Snapshot | undefined>(
    (before, event) => foldEvent(before, event, "epoch"),
    undefined,
  );
  return { ...snapshot, created_at: "", started_at: "" };
}

Deno.test("Backlog represents every event once, and never merges ends and losses", () => {
  fc.assert(
    fc.property(steps, (steps) => {
      const backlog = new Backlog();
      const added: TaskEvent[] = [];
      const taken: Sendable[] = [];
      for (const { step, members } of steps) {
        if (step === "merge") backlog.merge();
        else if (step === "take") {
          const item = backlog.take();
          if (item) taken.push(item);
        } else {
          // Attempts never decrease.
          const attempt = Math.max(
            members.attempt ?? 1,
            added.at(-1)?.attempt ?? 1,
          );
          const one = event(added.length + 1, step, { ...members, attempt });
          added.push(one);
          backlog.add(one);
        }
      }
      taken.push(...takeAll(backlog));

      const sent: TaskEvent[] = [];
      let covered = 0;
      for (const { event, skipped } of taken) {
        const run = added.slice(covered, covered + skipped + 1);
        covered += skipped + 1;
        assertEquals(event.offset, covered, "an offset is missing or twice");
        if (skipped === 0) assertEquals(event, run[0]);
        else {
          assertFalse(
            run.some(({ status }) => isTerminal(status) || status === "lost"),
          );
        }
        // A watcher of merged events only learns the same.
        sent.push(event);
        assertEquals(fold(sent), fold(added.slice(0, covered)));
      }
      assertEquals(covered, added.length);
    }),
    { numRuns: 300 },
  );
});
