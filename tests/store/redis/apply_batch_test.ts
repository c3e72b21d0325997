import { assert, assertEquals } from "@std/assert";
import { parseMessage } from "../../../src/store/redis/announcement.ts";
import {
  applyBatch,
  type KnownTask,
} from "../../../src/store/redis/apply_batch.ts";
import type { Change } from "../../../src/tasks/state.ts";

const nothing: KnownTask = { epoch: "one", rev: "0", state: undefined };

function apply(
  changes: readonly Change[],
  known = nothing,
  places: Readonly<Record<string, number>> = {},
) {
  const result = applyBatch(
    "a",
    known,
    changes,
    new Map(Object.entries(places)),
  );
  const outcomes = result.outcomes(3).map((result) => {
    if (result.status === "rejected") return result.reason;
    const { value } = result;
    return value.kind === "refused" ? value.refusal.code : value.kind;
  });
  return { ...result, outcomes, results: result.outcomes(3) };
}

/** A task after the given changes. */
function after(...changes: Change[]): KnownTask {
  return { ...nothing, rev: "1", state: apply(changes).state };
}

Deno.test("applyBatch() applies each change to the state after the change before", () => {
  const { outcomes, operations, state } = apply([
    { progress: 0.5 },
    { event_id: "two", status: "failed" },
    { message: "too late" },
    { event_id: "two" },
    { kind: "cancel" },
    { attempt: 2 },
    { kind: "cancel" },
    { kind: "cancel" },
  ]);
  assertEquals(outcomes, [
    "stored",
    "stored",
    "task_finished",
    "duplicate",
    "task_finished",
    "stored",
    "noted",
    "noted",
  ]);
  const places = operations.filter((_, index) => index % 4 === 0);
  assertEquals(places, ["1", "2", "3", "-"]);
  const names = operations.filter((_, index) => index % 4 === 1);
  assertEquals(names, ["", "two", "", ""]);
  assertEquals(
    [state?.snapshot.offset, state?.cancelRequested],
    [3, true],
  );
});

Deno.test("applyBatch() returns the stored event and its announcement", () => {
  const { operations, results, state } = apply([{ user_id: "7", lease: 10 }]);
  const [place, , json = "", head = ""] = operations;
  const [result] = results;
  assert(result?.status === "fulfilled" && result.value.kind === "stored");
  const { epoch, event, delivered } = result.value;
  assertEquals([place, epoch, delivered], ["1", "one", 3]);
  assertEquals(JSON.parse(json), event);
  assertEquals(parseMessage(`${head}\n${json}`, "a"), {
    kind: "event",
    event,
    json,
    position: { epoch: "one", offset: 1 },
    owner: "7",
    leaseEndsAtMs: state?.leaseEndsAtMs ?? 0,
  });
});

Deno.test("applyBatch() changes nothing if all changes are refused or duplicates", () => {
  const cancelled = after({}, { kind: "cancel" });
  for (
    const [change, outcome] of [
      [{ event_id: "old", status: "failed" }, "duplicate"],
      [{ kind: "cancel" }, "noted"],
      [{ kind: "lost", offset: 1 }, "lease_renewed"],
      [{ user_id: "8" }, "owner_fixed"],
      [{ event_id: "one:9" }, "event_id_reserved"],
    ] as const
  ) {
    const { outcomes, operations, state } = apply(
      [change],
      cancelled,
      { old: 1 },
    );
    assertEquals(
      { outcomes, operations, state },
      { outcomes: [outcome], operations: [], state: undefined },
    );
  }
  assertEquals(apply([{ kind: "cancel" }]).outcomes, ["task_unknown"]);
});

Deno.test("applyBatch() answers a duplicate with its offset and the cancel request", () => {
  const { results } = apply(
    [{ event_id: "old" }],
    after({ event_id: "old" }, {}, { kind: "cancel" }),
    { old: 1 },
  );
  assertEquals(results, [{
    status: "fulfilled",
    value: {
      kind: "duplicate",
      epoch: "one",
      offset: 1,
      cancelRequested: true,
    },
  }]);
});

Deno.test("applyBatch() lets a change that throws fail alone", () => {
  const data: { self?: unknown } = {};
  data.self = data;
  const { outcomes, state } = apply([{}, { data }, {}]);
  assert(outcomes[1] instanceof TypeError);
  assertEquals([outcomes[0], outcomes[2]], ["stored", "stored"]);
  assertEquals(state?.snapshot.offset, 2);
});
