import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { eventDraftSchema } from "../../src/tasks/draft.ts";
import { statusWords } from "../../src/tasks/status.ts";

/** Returns the faults found in an event, as `member: fault`. */
function faultsOf(event: unknown): string[] {
  const { error } = eventDraftSchema.safeParse(event);
  return (error?.issues ?? []).map(({ path, message }) =>
    `${path.join(".")}: ${message}`
  );
}

const taken: [what: string, event: unknown, draft?: unknown][] = [
  ["an empty event", {}],
  ["every member", {
    status: "running",
    attempt: 2,
    progress: 0.5,
    current: 1,
    total: 2,
    unit: "rows",
    message: "half of it",
    data: { rows: [1, null] },
    event_id: "e1",
    lease: 0.5,
    user_id: "7",
  }],
  ["another queue's status", { status: "SUCCESS" }, { status: "succeeded" }],
  ["a whole user_id", { user_id: 7 }, { user_id: "7" }],
  ["no progress", { progress: 0 }],
  ["all progress", { progress: 1 }],
  ["amounts that don't fit together", { current: 5, total: 0 }],
  ["an empty message", { message: "" }],
  ["1,000 characters", { message: "é".repeat(1_000) }],
  ["1,000 characters of two units", { message: "😀".repeat(1_000) }],
  ["data of null", { data: null }],
  ["data of false", { data: false }],
  ["data of exactly 64 KiB", { data: "a".repeat(65_534) }],
  ["names of 256 characters", {
    unit: "u".repeat(256),
    event_id: "e".repeat(256),
    user_id: "i".repeat(256),
  }],
  ["the longest lease", { lease: 2_147_483 }],
];

for (const [what, event, draft = event] of taken) {
  Deno.test(`eventDraftSchema takes ${what}`, () => {
    assertEquals(eventDraftSchema.parse(event), draft as never);
  });
}

const refused: [event: unknown, fault: string][] = [
  [null, "expected object"],
  [[], "expected object"],
  ["running", "expected object"],
  [{ progres: 0.5 }, "progres"],
  [{ offset: 1 }, "offset"],
  [{ connection_id: "a" }, "connection_id"],
  [JSON.parse('{"__proto__":{"status":"done"}}'), "__proto__"],
  [{ status: "lost" }, "status: 'lost' is published only by the server itself"],
  [{ status: "Lost" }, "status: 'lost' is published only by the server itself"],
  [{ status: "paused" }, "status: unknown status"],
  [{ status: "" }, "status: unknown status"],
  [{ status: null }, "status: "],
  [{ attempt: 0 }, "attempt: "],
  [{ attempt: -1 }, "attempt: "],
  [{ attempt: 1.5 }, "attempt: "],
  [{ attempt: 2 ** 53 }, "attempt: "],
  [{ attempt: "1" }, "attempt: "],
  [{ progress: -0.001 }, "progress: "],
  [{ progress: 1.001 }, "progress: "],
  [{ progress: 50 }, "progress: "],
  [{ progress: "0.5" }, "progress: "],
  [{ progress: NaN }, "progress: "],
  [{ current: -1 }, "current: "],
  [{ total: -1 }, "total: "],
  [{ total: Infinity }, "total: "], // as JSON.parse reads 1e400
  [{ increment: 0 }, "increment: expected a number other than 0"],
  [{ increment: "1" }, "increment: "],
  [{ increment: null }, "increment: "],
  [{ increment: 1, current: 1 }, "increment: can't be combined with current"],
  [
    { increment: 1, current: null },
    "increment: can't be combined with current",
  ],
  [{ title: 5 }, "title: "],
  [{ title: "😀".repeat(201) }, "title: longer than 200"],
  [{ labels: "a" }, "labels: "],
  [{ labels: [""] }, "labels.0: "],
  [{ labels: [7] }, "labels.0: "],
  [{ labels: ["a\n"] }, "labels.0: has a control character"],
  [{ labels: ["a\ud800"] }, "labels.0: not Unicode"],
  [{ labels: ["😀".repeat(65)] }, "labels.0: longer than 64"],
  [{ labels: ["a", "b", "a"] }, "labels: a label is given twice"],
  [{ labels: Array.from({ length: 17 }, String) }, "labels: "],
  [{ labels: null }, "labels: "],
  [{ unit: "" }, "unit: "],
  [{ unit: "u".repeat(257) }, "unit: "],
  [{ message: 5 }, "message: "],
  [{ message: "a".repeat(1_001) }, "message: longer than 1000"],
  [{ message: "😀".repeat(1_001) }, "message: longer than 1000"],
  [{ data: "a".repeat(65_535) }, "data: larger than 65536"],
  [{ data: "é".repeat(32_768) }, "data: larger than 65536"], // bytes count
  [{ data: "\n".repeat(32_768) }, "data: larger than 65536"], // escaped
  [{ event_id: "" }, "event_id: "],
  [{ event_id: 1 }, "event_id: "],
  [{ event_id: "a\ud800" }, "event_id: not Unicode"],
  [{ event_id: "e".repeat(257) }, "event_id: "],
  [{ lease: 0 }, "lease: "],
  [{ lease: -1 }, "lease: "],
  [{ lease: 2_147_484 }, "lease: "], // a timer would fire at once
  [{ user_id: "" }, "user_id: "],
  [{ user_id: 1.5 }, "user_id: "],
  [{ user_id: 2 ** 53 }, "user_id: "],
  [{ user_id: null }, "user_id: "],
  [{ user_id: "i".repeat(257) }, "user_id: "],
];

for (const [event, fault] of refused) {
  Deno.test(`eventDraftSchema refuses ${JSON.stringify(event).slice(0, 50)}`, () => {
    const faults = faultsOf(event);
    assertEquals(faults.length, 1, faults.join());
    assertStringIncludes(faults[0] ?? "", fault);
  });
}

Deno.test("eventDraftSchema names every fault at once", () => {
  const faults = faultsOf({ status: "paused", progress: 2, lease: 0 });
  assertEquals(faults.map((fault) => fault.split(":")[0]).toSorted(), [
    "lease",
    "progress",
    "status",
  ]);
});

Deno.test("eventDraftSchema lists the known statuses in its error", () => {
  const [fault = ""] = faultsOf({ status: "paused" });
  for (const word of statusWords) assertStringIncludes(fault, word);
});

Deno.test("eventDraftSchema keeps any JSON of a publisher's as data", () => {
  fc.assert(fc.property(fc.jsonValue(), (data) => {
    assertEquals(eventDraftSchema.parse({ data }), { data });
  }));
});

Deno.test("eventDraftSchema checks any JSON without throwing", () => {
  fc.assert(fc.property(fc.jsonValue(), (event) => {
    const { success, error } = eventDraftSchema.safeParse(event);
    assert(success || error.issues.length > 0);
  }));
});

Deno.test("eventDraftSchema moves numbers onto a bound that rounding has carried them over", () => {
  const draft = (members: Record<string, unknown>) =>
    eventDraftSchema.safeParse(members).data;
  assertEquals(draft({ progress: 1.0000000000000002 }), { progress: 1 });
  assertEquals(draft({ progress: 1 + 9e-7 }), { progress: 1 });
  assertEquals(draft({ progress: -1e-9, current: -1e-9 }), {
    progress: 0,
    current: 0,
  });
  for (
    const members of [{ progress: 1.00001 }, { progress: -1e-5 }, {
      current: -1e-5,
    }]
  ) {
    assertEquals(draft(members), undefined);
  }
});
