import { assertEquals, assertRejects } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { makeCopy } from "../../../src/store/sqlite/backup.ts";
import {
  type StartThread,
  startThread,
} from "../../../src/store/sqlite/sqlite_thread.ts";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite_store.ts";
import {
  backUp,
  BackupUnsupportedError,
  StoreUnavailableError,
} from "../../../src/tasks/store.ts";
import { createMemoryStore } from "../../../src/store/memory/memory_store.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

const retention = { historyLimit: 10, historyTtlMs: 60_000 };

function open(path: string, start?: StartThread) {
  return openSqliteStore(path, "NORMAL", retention, () => 0, start);
}

Deno.test("backUp() copies all acknowledged changes into a private file", async () => {
  await using folder = await makeTempDir();
  const store = await open(`${folder.path}/a.db`);
  await store.publish("a", { status: "succeeded" });
  const copy = await backUp(store);
  await store.publish("b", {});
  assertEquals(((await Deno.stat(copy.path)).mode ?? 0) & 0o777, 0o600);
  const copied = await open(copy.path);
  assertEquals((await copied.read("a")).state?.snapshot.status, "succeeded");
  assertEquals((await copied.read("b")).state, undefined);
  await copied.close();
  await copy[Symbol.asyncDispose]();
  await assertRejects(() => Deno.stat(copy.path), Deno.errors.NotFound);
  await store.close();
});

Deno.test("backUp() makes copies for concurrent callers", async () => {
  await using folder = await makeTempDir();
  const store = await open(`${folder.path}/a.db`);
  await store.publish("a", {});
  const copies = await Promise.all([backUp(store), backUp(store)]);
  const sizes = await Promise.all(
    copies.map(async ({ path }) => (await Deno.stat(path)).size),
  );
  assertEquals(sizes[0], sizes[1]);
  for (const copy of copies) await copy[Symbol.asyncDispose]();
  await store.close();
});

/** Starts real threads; the call to copy waits until released. */
class HeldCopies {
  readonly #asked = Promise.withResolvers<void>();
  readonly #released = Promise.withResolvers<void>();

  /** Resolves when a copy was asked for. */
  get asked(): Promise<void> {
    return this.#asked.promise;
  }

  release(): void {
    this.#released.resolve();
  }

  readonly start: StartThread = (name) => {
    const worker = startThread(name);
    const post = worker.postMessage.bind(worker);
    worker.postMessage = (message) => {
      if (message[1] !== "copy") return post(message);
      this.#asked.resolve();
      this.#released.promise.then(() => post(message));
    };
    return worker;
  };
}

Deno.test("backUp() delays neither publishes nor reads", async () => {
  await using folder = await makeTempDir();
  const copies = new HeldCopies();
  const store = await open(`${folder.path}/a.db`, copies.start);
  const copying = backUp(store);
  await copies.asked;
  assertEquals((await store.publish("a", {})).kind, "stored");
  assertEquals((await store.read("a", "oldest")).events.length, 1);
  assertEquals((await store.list({ limit: 1 })).states.length, 1);
  copies.release();
  await (await copying)[Symbol.asyncDispose]();
  await store.close();
});

Deno.test("backUp() is broken off by close(), and leaves no copy", async () => {
  await using folder = await makeTempDir();
  const copies = new HeldCopies();
  const store = await open(`${folder.path}/a.db`, copies.start);
  await store.publish("a", {});
  const refused = [backUp(store), backUp(store)].map((copy) =>
    assertRejects(() => copy, StoreUnavailableError)
  );
  await copies.asked;
  await store.close();
  await Promise.all(refused);
  const names = await Array.fromAsync(Deno.readDir(folder.path));
  // The connection of the abandoned thread may be the last to end, and then
  // leaves the write-ahead log to the next start.
  const left = names.filter(({ name }) => name.includes("backup"));
  assertEquals(left, []);
});

Deno.test("backUp() refuses a store without a file", async () => {
  for (
    const store of [
      createMemoryStore(retention, () => 0),
      await open(":memory:"),
    ]
  ) {
    await assertRejects(() => backUp(store), BackupUnsupportedError);
    await store.close();
  }
});

Deno.test("openSqliteStore() removes the copies of a killed server", async () => {
  await using folder = await makeTempDir();
  const path = `${folder.path}/a.db`;
  const left = await folder.write("a.db-backup-1", "half a copy");
  const foreign = await folder.write("b.db-backup-1", "of another database");
  const store = await open(path);
  await store.close();
  await assertRejects(() => Deno.stat(left), Deno.errors.NotFound);
  assertEquals((await Deno.stat(foreign)).isFile, true);
});

Deno.test("makeCopy() removes a copy that can't be written", async () => {
  await using folder = await makeTempDir();
  const path = `${folder.path}/a.db`;
  const full = Object.assign(new Error("database or disk is full"), {
    code: "ERR_SQLITE_ERROR",
  });
  await assertRejects(
    () =>
      makeCopy(path, () => {
        throw full;
      }),
    StoreUnavailableError,
    `${path} can't be copied: the disk is full: make room`,
  );
  await assertRejects(
    () => makeCopy(`${folder.path}/none/a.db`, () => {}),
    StoreUnavailableError,
    "can't be copied",
  );
  assertEquals(await Array.fromAsync(Deno.readDir(folder.path)), []);
});

Deno.test("makeCopy() passes bugs on", async () => {
  await using folder = await makeTempDir();
  await assertRejects(
    () =>
      makeCopy(`${folder.path}/a.db`, () => {
        throw new TypeError("a bug");
      }),
    TypeError,
  );
  assertEquals(await Array.fromAsync(Deno.readDir(folder.path)), []);
});

Deno.test("backUp() copies every row of every table", async () => {
  await using folder = await makeTempDir();
  const store = await open(`${folder.path}/a.db`);
  for (let index = 0; index < 300; index++) {
    await store.publish(`task/${index % 150}`, {
      ...(index % 3 === 0 ? {} : { event_id: `event ${index}` }),
      message: `${index} 转码中 "'\0`,
    });
  }
  await using copy = await backUp(store);
  await store.close();
  assertEquals(contentOf(copy.path), contentOf(`${folder.path}/a.db`));
});

/** The layout and all rows of a database, without the mark of a copy. */
function contentOf(path: string) {
  const database = new DatabaseSync(path);
  const all = (sql: string) =>
    database.prepare(sql).all().map((row) => ({ ...row }));
  const content = {
    layout: all(
      "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY 2",
    ),
    version: [
      ...all("PRAGMA user_version"),
      ...all("PRAGMA application_id"),
      ...all("PRAGMA integrity_check"),
    ],
    store: all("SELECT epoch FROM store"),
    tasks: all("SELECT * FROM tasks ORDER BY id"),
    events: all("SELECT * FROM events ORDER BY task_id, offset"),
  };
  database.close();
  assertEquals(content.tasks.length, 150);
  assertEquals(content.events.length, 300);
  return content;
}
