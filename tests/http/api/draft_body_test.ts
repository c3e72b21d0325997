import { createMemoryStore } from "../../../src/store/memory/memory_store.ts";
import {
  assertEquals,
  assertFalse,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  describeOutcome,
  parseDraft,
  parseObject,
} from "../../../src/http/api/draft_body.ts";
import { type Problem, ProblemError } from "../../../src/protocol/problem.ts";
import type { Refusal } from "../../../src/tasks/state.ts";

/** Returns the problem thrown by a call. */
function problemOf(call: () => unknown): Problem {
  return assertThrows(call, ProblemError).problem;
}

for (
  const [body, object] of [
    ["{}", {}],
    [' {"a":[1,null]} \n', { a: [1, null] }],
    ['{"a":1,"a":2}', { a: 2 }],
  ] as const
) {
  Deno.test(`parseObject() reads ${JSON.stringify(body)}`, () => {
    assertEquals<unknown>(parseObject(body), object);
  });
}

for (
  const [status, code, bodies] of [
    [400, "bad_json", ["", " ", "{", "{'a':1}", "{}{}", "undefined", "\0"]],
    [422, "bad_event", ["[]", "null", "1", '"{}"', "true", '[{"a":1}]']],
  ] as const
) {
  Deno.test(`parseObject() answers ${status} to ${bodies.join(" and ")}`, () => {
    for (const body of bodies) {
      const problem = problemOf(() => parseObject(body));
      assertEquals([problem.status, problem.code], [status, code], body);
    }
  });
}

Deno.test("parseDraft() returns the event with a normalised status", () => {
  const members = { status: "STARTED", progress: 0.5, data: null, user_id: 7 };
  assertEquals(parseDraft(members), {
    status: "running",
    progress: 0.5,
    data: null,
    user_id: "7",
  });
  assertEquals(parseDraft({}), {});
});

Deno.test("parseDraft() names each bad member and the fault", () => {
  const { status, code, detail } = problemOf(() =>
    parseDraft({ status: "finished", progress: 2, message: "fine", x: 1 })
  );
  assertEquals([status, code], [422, "bad_event"]);
  for (const part of ["status: unknown status", "progress: ", '"x"']) {
    assertStringIncludes(detail, part);
  }
  assertFalse(detail.includes("message"), detail);
});

Deno.test("parseDraft() reserves 'lost' for the server", () => {
  const { detail } = problemOf(() => parseDraft({ status: "Lost" }));
  assertStringIncludes(detail, "published only by the server itself");
});

const event = {
  connection_id: "a",
  offset: 7,
  event_id: "e7",
  status: "running",
  attempt: 1,
  timestamp: "2026-11-23T20:20:58.123Z",
} as const;

/** Only a duplicate asks the store. */
const noStore = {
  read: () => Promise.reject(new Error("The store was asked")),
};

Deno.test("describeOutcome() describes a stored event, in the spec's order", () => {
  const answer = describeOutcome({ taskId: "a", change: {} }, {
    kind: "stored",
    epoch: "e1",
    event,
    amounts: { current: 2, total: 3 },
    delivered: 3,
    cancelRequested: true,
  }, noStore);
  assertEquals(
    JSON.stringify(answer),
    '{"connection_id":"a","epoch":"e1","offset":7,"delivered":3,"duplicate":false,"cancel_requested":true,"current":2,"total":3}',
  );
});

Deno.test("describeOutcome() answers for a duplicate like for the earlier event", async () => {
  const store = createMemoryStore(
    { historyLimit: 9, historyTtlMs: 60_000 },
    () => 0,
  );
  await store.publish("a", { event_id: "e1", increment: 1, total: 3 });
  await store.publish("a", { event_id: "e2", increment: 2 });
  await store.publish("a", { event_id: "e3", message: "done" });
  const { epoch } = await store.read("a");
  const answers = await Promise.all(
    [1, 2, 3].map((offset) =>
      describeOutcome({ taskId: "a", change: {} }, {
        kind: "duplicate",
        epoch,
        offset,
        cancelRequested: false,
      }, store)
    ),
  );
  const answer = {
    connection_id: "a",
    epoch,
    delivered: 0,
    duplicate: true,
    cancel_requested: false,
  };
  assertEquals<unknown>(answers, [
    { ...answer, offset: 1, current: 1, total: 3 },
    { ...answer, offset: 2, current: 3, total: 3 },
    { ...answer, offset: 3 },
  ]);
  await store.close();
});

for (
  const code of ["task_finished", "attempt_outdated", "owner_fixed"] as const
) {
  Deno.test(`describeOutcome() answers 409 to ${code}`, () => {
    const refusal: Refusal = { code, detail: "because" };
    const problem = problemOf(() =>
      describeOutcome(
        { taskId: "a", change: {} },
        { kind: "refused", refusal },
        noStore,
      )
    );
    assertEquals(problem, { status: 409, code, detail: "because" });
  });
}

Deno.test("describeOutcome() throws if given a request to cancel", () => {
  assertThrows(
    () =>
      describeOutcome({ taskId: "a", change: {} }, {
        kind: "noted",
        isNew: true,
      }, noStore),
    TypeError,
  );
});
