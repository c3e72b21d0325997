import { assertEquals, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { openDatabase } from "../../../src/store/sqlite/schema.ts";
import { prepareStatements } from "../../../src/store/sqlite/statements.ts";

Deno.test("prepareStatements() prepares statements that fit the schema", () => {
  const database = openDatabase(":memory:", "NORMAL");
  const statements = prepareStatements(database);
  const id = 7;
  const snapshot = { epoch: "life", offset: 3 };
  const state = JSON.stringify({ snapshot });
  statements.insertTask.run(id, "a", "running", 1, 1_000, state, null);
  for (const offset of [1, 2, 3]) {
    statements.insertEvent.run(id, offset, `e${offset}`, `"${offset}"`);
  }
  assertEquals({ ...statements.findTask.get("a") }, {
    id,
    changed_at: 1,
    updated_at_ms: 1_000,
    state,
  });
  assertEquals({ ...statements.findHistory.get("a") }, {
    id,
    updated_at_ms: 1_000,
    epoch: "life",
    newest: 3,
  });
  assertEquals(statements.findEvent.get(id, "e2")?.offset, 2);
  assertEquals(
    statements.eventsAfter.all(id, 1, 9).map(({ event }) => event),
    ['"2"', '"3"'],
  );
  statements.trimEvents.run(id, 2);
  assertEquals(statements.eventsAfter.all(id, 0, 9).length, 1);
  database.close();
});

for (
  const [name, parameters, index] of [
    ["findTask", ["a"], "sqlite_autoindex_tasks_1"],
    ["findHistory", ["a"], "sqlite_autoindex_tasks_1"],
    ["lastId", [], "SEARCH tasks"],
    ["oldestTasks", [1], "tasks_by_change"],
    ["lastChange", [], "tasks_by_change"],
    ["findEvent", [1, "e"], "events_by_id"],
    ["listNames", [1, 1], "COVERING INDEX events_by_id"],
    ["eventsAfter", [1, 1, 1], "PRIMARY KEY"],
    ["trimEvents", [1, 1], "PRIMARY KEY"],
    ["deleteEvents", [1], "PRIMARY KEY"],
    ["deleteLabels", [1], "labels_by_task"],
  ] as const
) {
  Deno.test(`prepareStatements() has ${name} look up by ${index}, and scan and sort nothing`, () => {
    const database = openDatabase(":memory:", "NORMAL");
    const { sourceSQL } = prepareStatements(database)[name];
    const plan = database.prepare(`EXPLAIN QUERY PLAN ${sourceSQL}`)
      .all(...parameters).map(({ detail }) => String(detail)).join("; ");
    assertEquals(plan.includes(index), true, plan);
    assertEquals(/TEMP B-TREE/.test(plan), false, plan);
    database.close();
  });
}

Deno.test("prepareStatements() throws if the tables are missing", () => {
  const database = new DatabaseSync(":memory:");
  assertThrows(() => prepareStatements(database), Error, "no such table");
  database.close();
});
