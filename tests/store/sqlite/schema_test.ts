import { assertEquals, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { openDatabase } from "../../../src/store/sqlite/schema.ts";
import { StoreOpenError } from "../../../src/tasks/store.ts";
import { needs } from "../../support/needs.ts";
import { makeReadOnly } from "../../support/small_disk.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

function assertRefused(path: string, reason: RegExp): void {
  const { message } = assertThrows(
    () => openDatabase(path, "NORMAL"),
    StoreOpenError,
  );
  assertEquals(reason.test(message), true, message);
  assertEquals(message.includes(path), true, message);
}

Deno.test("openDatabase() makes a database and opens it again", async () => {
  await using folder = await makeTempDir();
  const path = `${folder.path}/a.db`;
  openDatabase(path, "NORMAL").close();
  const database = openDatabase(path, "FULL");
  assertEquals(database.prepare("PRAGMA synchronous").get()?.synchronous, 2);
  assertEquals(
    database.prepare("PRAGMA journal_mode").get()?.journal_mode,
    "wal",
  );
  database.close();
});

Deno.test("openDatabase() refuses a newer version's database and leaves it as it was", async () => {
  await using folder = await makeTempDir();
  const path = `${folder.path}/a.db`;
  openDatabase(path, "NORMAL").close();
  const newer = new DatabaseSync(path);
  newer.exec("PRAGMA user_version = 99");
  newer.close();
  assertRefused(path, /written by a newer taskwire \(layout 99/);
  const after = new DatabaseSync(path);
  assertEquals(after.prepare("PRAGMA user_version").get()?.user_version, 99);
  after.close();
});

Deno.test("openDatabase() refuses another program's database and leaves it as it was", async () => {
  await using folder = await makeTempDir();
  const path = `${folder.path}/a.db`;
  const other = new DatabaseSync(path);
  other.exec("CREATE TABLE songs (title TEXT)");
  other.close();
  assertRefused(path, /another program's database/);
  const after = new DatabaseSync(path);
  const tables = after.prepare("SELECT name FROM sqlite_schema").all();
  assertEquals(tables.map(({ name }) => name), ["songs"]);
  after.close();
});

Deno.test("openDatabase() refuses a file that is no database", async () => {
  await using folder = await makeTempDir();
  const path = `${folder.path}/a.db`;
  await Deno.writeTextFile(path, "not a database, but long enough".repeat(99));
  assertRefused(path, /not an SQLite database/);
});

Deno.test("openDatabase() refuses a damaged database", async () => {
  await using folder = await makeTempDir();
  const path = `${folder.path}/a.db`;
  openDatabase(path, "NORMAL").close();
  const bytes = await Deno.readFile(path);
  await Deno.writeFile(path, bytes.fill(0xff, 100));
  assertRefused(path, /damaged/);
});

Deno.test("openDatabase() refuses a missing folder", async () => {
  await using folder = await makeTempDir();
  assertRefused(`${folder.path}/none/a.db`, /check that its folder exists/);
});

const test = Deno.uid() === 0 ? needs("mount") : Deno.test;

test(
  "openDatabase() refuses a file that can't be written",
  async () => {
    await using folder = await makeTempDir();
    const path = `${folder.path}/a.db`;
    openDatabase(path, "NORMAL").close();
    await using _ = await makeReadOnly(path);
    assertRefused(path, /can't be written/);
  },
);

Deno.test("openDatabase() migrates a database of layout 1 with its contents", async () => {
  await using folder = await makeTempDir();
  const path = `${folder.path}/a.db`;
  const old = new DatabaseSync(path);
  old.exec(`
    CREATE TABLE store (epoch TEXT NOT NULL);
    INSERT INTO store VALUES ('life');
    CREATE TABLE tasks (
      id INTEGER PRIMARY KEY,
      connection_id TEXT NOT NULL UNIQUE,
      status TEXT NOT NULL,
      changed_at INTEGER NOT NULL,
      updated_at_ms INTEGER NOT NULL,
      state TEXT NOT NULL
    );
    CREATE INDEX tasks_by_change ON tasks (changed_at);
    CREATE TABLE events (
      task_id INTEGER NOT NULL,
      offset INTEGER NOT NULL,
      event_id TEXT NOT NULL,
      event TEXT NOT NULL,
      PRIMARY KEY (task_id, offset)
    ) WITHOUT ROWID;
    CREATE UNIQUE INDEX events_by_id ON events (task_id, event_id);
    INSERT INTO events VALUES (1, 1, 'one', '{}'), (1, 2, 'two', '{}');
    INSERT INTO tasks VALUES
      (1, 'a', 'running', 1, 1, '{"owner":"7","snapshot":{"labels":["x","y"]}}'),
      (2, 'b', 'running', 2, 1, '{"snapshot":{}}');
    PRAGMA application_id = ${0x546b5772};
    PRAGMA user_version = 1;
  `);
  old.close();
  for (let opened = 0; opened < 2; opened++) {
    const database = openDatabase(path, "NORMAL");
    assertEquals(
      database.prepare("SELECT task_id, offset, event_id FROM events").all()
        .map((row) => ({ ...row })),
      [
        { task_id: 1, offset: 1, event_id: "one" },
        { task_id: 1, offset: 2, event_id: "two" },
      ],
    );
    assertEquals(
      database.prepare("PRAGMA user_version").get()?.user_version,
      5,
    );
    assertEquals(
      database.prepare("SELECT owner FROM tasks").all().map(({ owner }) =>
        owner
      ),
      ["7", null],
    );
    assertEquals(
      database.prepare("SELECT * FROM labels").all().map((row) => ({ ...row })),
      [{ label: "x", task_id: 1 }, { label: "y", task_id: 1 }],
    );
    database.close();
  }
  const database = openDatabase(path, "NORMAL");
  database.exec("INSERT INTO events VALUES (1, 3, NULL, '{}')");
  database.close();
});

Deno.test("openDatabase() lays out a new database as a migrated one", async () => {
  const index = "SELECT sql FROM sqlite_schema WHERE name = 'events_by_id'";
  await using folder = await makeTempDir();
  const fresh = openDatabase(`${folder.path}/a.db`, "NORMAL");
  assertEquals(
    String(fresh.prepare(index).get()?.sql).includes("event_id IS NOT NULL"),
    true,
  );
  fresh.close();
});
