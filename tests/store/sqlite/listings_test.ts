import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { Listings } from "../../../src/store/sqlite/listings.ts";
import { openDatabase } from "../../../src/store/sqlite/schema.ts";

const all = {
  statuses: null,
  owner: null,
  labels: [],
  limit: 9,
  cursor: null,
  oldestKeptMs: 0,
};

for (
  const [name, query, index] of [
    ["of all tasks", all, "SCAN tasks USING INDEX tasks_by_change"],
    ["of a status", { ...all, statuses: ["failed"] }, "INDEX tasks_by_status"],
    ["of an owner", { ...all, owner: "7" }, "INDEX tasks_by_owner"],
    ["of labels", { ...all, labels: ["a", "b"] }, "SEARCH first USING PRIMARY"],
    [
      "of an owner with a label",
      { ...all, owner: "7", labels: ["a"] },
      "SEARCH first USING PRIMARY",
    ],
  ] as const
) {
  Deno.test(`Listings looks up a list ${name} by an index`, () => {
    const database = openDatabase(":memory:", "NORMAL");
    const { list, values } = new Listings(database).prepare(query);
    const plan = database.prepare(`EXPLAIN QUERY PLAN ${list.sourceSQL}`)
      .all(...values, 1, 1).map(({ detail }) => String(detail)).join("; ");
    assertStringIncludes(plan.replace("SEARCH tasks", "SCAN tasks"), index);
    if (query.labels.length === 0) assertFalse(/TEMP B-TREE/.test(plan), plan);
    database.close();
  });
}

Deno.test("Listings prepares each combination of conditions once", () => {
  const database = openDatabase(":memory:", "NORMAL");
  const listings = new Listings(database);
  const one = listings.prepare({ ...all, owner: "7" });
  const other = listings.prepare({ ...all, owner: "8" });
  assertEquals(one.list === other.list, true);
  assertEquals([one.values, other.values], [[0, "7"], [0, "8"]]);
  database.close();
});
