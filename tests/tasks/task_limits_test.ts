import { assert, assertEquals, assertFalse } from "@std/assert";
import fc from "fast-check";
import { applyChange } from "../../src/tasks/state.ts";
import { covers, coversAny, reaches } from "../../src/tasks/task_limits.ts";

/** Short texts of few letters, so that prefixes often match. */
const text = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 4 });
const texts = fc.array(text, { maxLength: 3 });
const limits = fc.record({ tasks: texts, labels: texts }, { requiredKeys: [] });

Deno.test("covers() matches whole texts, and prefixes before a '*'", () => {
  fc.assert(fc.property(text, text, (entry, asked) => {
    const isPrefix = entry.endsWith("*");
    assertEquals(
      covers([entry], asked),
      isPrefix
        ? asked.slice(0, entry.length - 1) === entry.slice(0, -1)
        : asked === entry,
    );
  }));
});

Deno.test("covers() and coversAny() add up their entries", () => {
  fc.assert(fc.property(texts, texts, (entries, labels) => {
    assertEquals(
      coversAny(entries, labels),
      entries.some((entry) => labels.some((label) => covers([entry], label))),
    );
  }));
});

Deno.test("reaches() adds up ids and labels, and has no limit without members", () => {
  fc.assert(fc.property(limits, text, texts, (limits, taskId, labels) => {
    const { tasks, labels: allowed } = limits;
    assertEquals(
      reaches(limits, taskId, labels),
      (tasks === undefined && allowed === undefined) ||
        covers(tasks ?? [], taskId) || coversAny(allowed ?? [], labels),
    );
  }));
  assert(reaches({}, "a", undefined));
  for (const limits of [{ tasks: [] }, { labels: [] }]) {
    assertFalse(reaches(limits, "a", ["a"]));
  }
});

Deno.test("applyChange() within a limit changes only tasks with a covered label", () => {
  const stamp = { taskId: "a", epoch: "e", now: new Date() };
  const distinct = fc.uniqueArray(text, { maxLength: 3 });
  fc.assert(fc.property(texts, distinct, (within, labels) => {
    const first = applyChange(undefined, { labels, within }, stamp);
    const isAllowed = coversAny(within, labels);
    assertEquals(
      "code" in first ? first.code : undefined,
      isAllowed ? undefined : "task_not_allowed",
    );
    const begun = applyChange(undefined, { labels }, stamp);
    assert("state" in begun);
    for (
      const change of [
        {},
        // The stored labels decide: labels of a later event open no task.
        { labels: within.filter((label) => label !== "") },
        { kind: "cancel" },
        { kind: "heartbeat" },
      ] as const
    ) {
      const later = applyChange(begun.state, { ...change, within }, stamp);
      if (isAllowed) {
        assertFalse("code" in later && later.code === "task_not_allowed");
      } else assertEquals("code" in later && later.code, "task_not_allowed");
    }
  }));
});

Deno.test("applyChange() stores nothing of a limit", () => {
  const stamp = { taskId: "a", epoch: "e", now: new Date() };
  const change = { labels: ["x"], increment: 1 };
  assertEquals(
    applyChange(undefined, { ...change, within: ["x"] }, stamp),
    applyChange(undefined, change, stamp),
  );
});
