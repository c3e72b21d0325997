import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { DatabaseSync } from "node:sqlite";
import { openDatabase } from "../../../src/store/sqlite/schema.ts";
import { storeOn } from "../../../src/store/sqlite/sqlite_store.ts";
import { SqliteTasks } from "../../../src/store/sqlite/sqlite_tasks.ts";
import { applyChange, type Change } from "../../../src/tasks/state.ts";

const historyTtlMs = 60_000;

/** Tasks in a database of their own, and a stopped clock. */
class Fixture implements Disposable {
  readonly time = new FakeTime(1_000_000);
  readonly database: DatabaseSync = openDatabase(":memory:", "NORMAL");
  readonly tasks: SqliteTasks;

  constructor(historyLimit = 10) {
    this.tasks = new SqliteTasks(this.database, { historyLimit, historyTtlMs });
  }

  /** Stores the result of a change, as a store would. */
  put(taskId: string, change: Change = {}): void {
    const row = this.tasks.take(taskId);
    const result = applyChange(row?.state, change, {
      taskId,
      epoch: this.tasks.epoch,
      now: new Date(),
    });
    assert("event" in result && result.event);
    const { event, state } = result;
    this.tasks.append(row, event, JSON.stringify(event), state);
  }

  /** How many rows a table has. */
  count(table: "tasks" | "events"): unknown {
    return this.database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n;
  }

  get storedEpoch(): unknown {
    return this.database.prepare("SELECT epoch FROM store").get()?.epoch;
  }

  [Symbol.dispose](): void {
    this.database.close();
    this.time.restore();
  }
}

Deno.test("SqliteTasks.find() finds a task until it expires", () => {
  using fixture = new Fixture();
  const { tasks, time } = fixture;
  fixture.put("a", { message: "here", user_id: "7" });
  assertEquals(tasks.find("b"), undefined);
  time.tick(historyTtlMs - 1);
  const state = tasks.find("a")?.state;
  assertEquals([state?.owner, state?.snapshot.message], ["7", "here"]);
  assertEquals(tasks.isOver("a"), false);
  time.tick(1);
  assertEquals(tasks.find("a"), undefined);
  assertEquals([tasks.isOver("a"), tasks.isOver("b")], [true, false]);
  assertEquals(tasks.list({ limit: 9 }), { states: [] });
});

Deno.test("SqliteTasks.take() deletes an expired task with its events", () => {
  using fixture = new Fixture();
  const { tasks, time } = fixture;
  for (const id of ["a", "a", "b"]) fixture.put(id);
  assertEquals(tasks.take("a")?.state.snapshot.offset, 2);
  time.tick(historyTtlMs);
  assertEquals(tasks.take("a"), undefined);
  assertEquals([fixture.count("tasks"), fixture.count("events")], [1, 1]);
  assertEquals(tasks.isOver("a"), false);
});

Deno.test("SqliteTasks.delete() renews the epoch, and stores it", () => {
  using fixture = new Fixture();
  const { tasks, database } = fixture;
  const before = tasks.epoch;
  assertEquals(fixture.storedEpoch, before);
  fixture.put("a");
  const row = tasks.find("a");
  assert(row);
  tasks.delete(row.id, "a");
  assertNotEquals(tasks.epoch, before);
  assertEquals(fixture.storedEpoch, tasks.epoch);
  const retention = { historyLimit: 10, historyTtlMs };
  assertEquals(new SqliteTasks(database, retention).epoch, tasks.epoch);
});

Deno.test("SqliteTasks.undo() reverts the changes of a rolled back transaction", () => {
  using fixture = new Fixture();
  const { tasks, database } = fixture;
  for (const id of ["a", "b"]) fixture.put(id);
  const { epoch } = tasks;
  const row = tasks.find("a");
  assert(row);
  database.exec("BEGIN");
  tasks.begin();
  tasks.delete(row.id, "a");
  for (let count = 0; count < 5; count += 1) fixture.put("c");
  database.exec("ROLLBACK");
  tasks.undo();
  assertEquals([tasks.epoch, fixture.storedEpoch], [epoch, epoch]);
  fixture.put("a");
  const { changed_at } = database
    .prepare("SELECT max(changed_at) AS changed_at FROM tasks").get() ?? {};
  assertEquals(changed_at, 3);
});

Deno.test("SqliteTasks.append() keeps so many of a task's events, and no others'", () => {
  using fixture = new Fixture(3);
  for (let count = 0; count < 5; count += 1) fixture.put("a");
  fixture.put("b");
  assertEquals(fixture.count("events"), 4);
  const row = fixture.tasks.find("a");
  assert(row);
  const offsetsAfter = (offset: number, limit = -1) =>
    fixture.tasks.eventsAfter(row, { offset }, limit, Infinity)
      ?.map((event) => event.offset);
  assertEquals(offsetsAfter(2), [3, 4, 5]);
  assertEquals(offsetsAfter(3, 1), [4]);
  assertEquals(offsetsAfter(5), []);
  for (const offset of [0, 1, 6]) assertEquals(offsetsAfter(offset), undefined);
  assertEquals(
    fixture.tasks.eventsAfter(row, "oldest", -1, Infinity)?.length,
    3,
  );
});

Deno.test("SqliteTasks.findOffset() finds an event_id of that task's history alone", () => {
  using fixture = new Fixture(2);
  for (const event_id of ["e1", "e2", "e3"]) fixture.put("a", { event_id });
  fixture.put("b", { event_id: "other" });
  const row = fixture.tasks.find("a");
  assert(row);
  const offsets = ["e1", "e2", "e3", "other", "E2"]
    .map((id) => fixture.tasks.findOffset(row, id));
  assertEquals(offsets, [undefined, 2, 3, undefined, undefined]);
});

Deno.test("SqliteTasks.update() changes the state alone, and not the task's time", () => {
  using fixture = new Fixture();
  const { tasks, time } = fixture;
  fixture.put("a");
  fixture.put("b");
  time.tick(historyTtlMs - 1);
  const row = tasks.find("a");
  assert(row);
  tasks.update(row, { ...row.state, cancelRequested: true });
  assertEquals(tasks.find("a")?.state.cancelRequested, true);
  const { states } = tasks.list({ limit: 9 });
  assertEquals(states.map(({ snapshot }) => snapshot.connection_id), [
    "b",
    "a",
  ]);
  time.tick(1);
  assertEquals(tasks.isOver("a"), true);
});

Deno.test("SqliteTasks.begin() deletes a hundred expired tasks, the oldest first", () => {
  using fixture = new Fixture();
  const { tasks, time } = fixture;
  for (let number = 1; number <= 250; number += 1) fixture.put(`${number}`);
  time.tick(historyTtlMs - 1);
  fixture.put("1"); // so it isn't the oldest any more
  tasks.begin();
  assertEquals(fixture.count("tasks"), 250);
  time.tick(1);
  const counts = [];
  for (let count = 0; count < 4; count += 1) {
    tasks.begin();
    counts.push([fixture.count("tasks"), fixture.count("events")]);
    if (count === 0) {
      assertEquals([tasks.isOver("101"), tasks.isOver("102")], [false, true]);
    }
  }
  assertEquals(counts, [[150, 151], [50, 51], [1, 2], [1, 2]]);
  assertEquals(tasks.find("1")?.state.snapshot.offset, 2);
});

Deno.test("SqliteTasks begins an expired task anew that is not deleted yet", async () => {
  using fixture = new Fixture();
  const { database, time } = fixture;
  const retention = { historyLimit: 10, historyTtlMs };
  const store = storeOn(database, retention, () => 0);
  const ids = Array.from({ length: 250 }, (_, index) => `task ${index}`);
  await Promise.all(
    ids.map((id) => store.publish(id, { event_id: "e1", user_id: "7" })),
  );
  const { epoch } = await store.read("task 249");
  time.tick(historyTtlMs);
  const outcome = await store.publish("task 249", { event_id: "e1" });
  assert(outcome.kind === "stored");
  assertEquals(outcome.event.offset, 1);
  assertNotEquals(outcome.epoch, epoch);
  assertEquals((await store.read("task 249")).state?.owner, undefined);
  assertEquals(fixture.count("tasks"), 150);

  // A task read before its deletion is expired nevertheless.
  const view = await store.read("task 248", { epoch, offset: 0 });
  assertEquals([view.offset, view.recovered], [0, false]);
  assertNotEquals(view.epoch, epoch);
  assertEquals(await store.forget("task 247"), false);
  assertEquals((await store.list({ limit: 1_000 })).states.length, 1);
});
