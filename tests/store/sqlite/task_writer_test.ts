import { assertEquals, assertThrows } from "@std/assert";
import type { DatabaseSync } from "node:sqlite";
import { openDatabase } from "../../../src/store/sqlite/schema.ts";
import { prepareStatements } from "../../../src/store/sqlite/statements.ts";
import { TaskReader } from "../../../src/store/sqlite/task_reader.ts";
import { TaskWriter } from "../../../src/store/sqlite/task_writer.ts";
import type { Group } from "../../../src/store/sqlite/thread_calls.ts";

/** Tasks in a database of their own. */
class Fixture implements Disposable {
  readonly database: DatabaseSync = openDatabase(":memory:", "NORMAL");
  readonly writer: TaskWriter;
  readonly reader: TaskReader;
  #changes = 0;

  constructor(historyLimit = 10) {
    const statements = prepareStatements(this.database);
    const parts = [this.database, statements, historyLimit] as const;
    this.writer = new TaskWriter(...parts);
    this.reader = new TaskReader(...parts);
  }

  commit(group: Partial<Group>): void {
    const none = { deleted: [], epoch: null, tasks: [], events: [] };
    this.writer.commit({ ...none, ...group });
  }

  /** Makes the row of a task. */
  row(
    id: number,
    { isNew = 1, atMs = 1_000, offset = 1, status = "running" } = {},
  ): Group["tasks"] {
    const snapshot = { epoch: "life", offset };
    const state = JSON.stringify({ snapshot });
    const changedAt = ++this.#changes;
    return [
      id,
      isNew,
      `t${id}`,
      status,
      changedAt,
      atMs,
      offset,
      state,
      isNew === 1 ? "7" : null,
      isNew === 1 ? '["rows"]' : null,
    ];
  }

  count(table: "tasks" | "events" | "labels"): unknown {
    return this.database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n;
  }

  [Symbol.dispose](): void {
    this.database.close();
  }
}

Deno.test("TaskWriter.commit() stores new and changed tasks with their events", () => {
  using fixture = new Fixture();
  const { reader } = fixture;
  fixture.commit({
    tasks: [...fixture.row(1), ...fixture.row(2)],
    events: [1, 1, "one", "{}", 2, 1, null, "{}"],
  });
  fixture.commit({
    tasks: fixture.row(1, { isNew: 0, offset: 2, status: "failed" }),
    events: [1, 2, null, '"second"'],
  });
  const query = {
    taskId: "t1",
    oldestKeptMs: 0,
    epoch: null,
    offset: null,
    limit: -1,
    enough: Infinity,
    withState: false,
  };
  assertEquals(reader.read(query)?.events, [1, "{}", 2, '"second"']);
  const all = {
    statuses: null,
    owner: null,
    labels: [],
    limit: 9,
    cursor: null,
    oldestKeptMs: 0,
  };
  const counts = [
    { ...all, statuses: ["failed"] },
    { ...all, owner: "7", labels: ["rows"] },
    { ...all, owner: "8" },
  ].map((query) => reader.list(query).states.length);
  assertEquals(counts, [1, 2, 0]);
  const { oldestMs, lastId, lastChange } = reader.describe();
  assertEquals([oldestMs, lastId, lastChange], [1_000, 2, 3]);
});

Deno.test("TaskWriter.commit() changes nothing if a row can't be stored", () => {
  using fixture = new Fixture();
  const epoch = fixture.reader.describe().epoch;
  fixture.commit({ tasks: fixture.row(1), events: [1, 1, "one", "{}"] });
  assertThrows(
    () =>
      fixture.commit({
        deleted: [1],
        epoch: "next",
        tasks: fixture.row(2),
        events: [2, 1, null, "{}", 2, 1, null, "{}"],
      }),
    Error,
    "UNIQUE",
  );
  assertEquals([fixture.count("tasks"), fixture.count("events")], [1, 1]);
  assertEquals(fixture.reader.describe().epoch, epoch);
});

Deno.test("TaskWriter.commit() deletes a task before a new task takes the id", () => {
  using fixture = new Fixture();
  fixture.commit({ tasks: fixture.row(1), events: [1, 1, "one", "{}"] });
  const [, ...rest] = fixture.row(1);
  fixture.commit({
    deleted: [1],
    epoch: "next",
    tasks: [7, ...rest],
    events: [7, 1, "one", "{}"],
  });
  assertEquals([fixture.count("tasks"), fixture.count("events")], [1, 1]);
  const { epoch, lastId } = fixture.reader.describe();
  assertEquals([epoch, lastId], ["next", 7]);
});

Deno.test("TaskWriter.commit() keeps so many of a task's events, and no others'", () => {
  using fixture = new Fixture(3);
  fixture.commit({
    tasks: [...fixture.row(1, { offset: 5 }), ...fixture.row(2)],
    events: [
      ...[1, 2, 3, 4, 5].flatMap((offset) => [1, offset, `e${offset}`, "{}"]),
      ...[2, 1, "e1", "{}"],
    ],
  });
  assertEquals(fixture.count("events"), 4);
  const find = (eventId: string) =>
    fixture.reader.findOffset({ id: 1, eventId, position: null });
  assertEquals(["e2", "e3", "e5", "E5"].map(find), [null, 3, 5, null]);
});

Deno.test("TaskWriter.expire() deletes a hundred expired tasks at a time, the oldest first", () => {
  using fixture = new Fixture();
  const { epoch } = fixture.reader.describe();
  const ids = Array.from({ length: 250 }, (_, index) => index + 1);
  fixture.commit({
    tasks: ids.flatMap((id) => fixture.row(id, { atMs: id })),
    events: ids.flatMap((id) => [id, 1, null, "{}"]),
  });
  const expire = (oldestKeptMs: number) =>
    fixture.writer.expire({ oldestKeptMs, epoch: "next" });
  assertEquals(expire(0), 1);
  assertEquals(fixture.reader.describe().epoch, epoch);
  assertEquals([expire(240), expire(240), expire(240)], [101, 201, 241]);
  assertEquals([fixture.count("tasks"), fixture.count("events")], [10, 10]);
  assertEquals(fixture.reader.describe().epoch, "next");
  assertEquals(expire(250), null);
});

Deno.test("TaskWriter.expire() deletes no further task after a long history", () => {
  using fixture = new Fixture(10_000);
  fixture.commit({
    tasks: [1, 2].flatMap((id) => fixture.row(id, { offset: 1_000 })),
    events: [1, 2].flatMap((id) =>
      Array.from({ length: 1_000 }, (_, index) => [id, index + 1, null, "{}"])
        .flat()
    ),
  });
  const expire = () =>
    fixture.writer.expire({ oldestKeptMs: 1_000, epoch: "next" });
  assertEquals(expire(), 1_000);
  assertEquals([fixture.count("tasks"), fixture.count("events")], [1, 1_000]);
  assertEquals(expire(), null);
});
