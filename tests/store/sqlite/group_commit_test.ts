import {
  assert,
  assertEquals,
  assertIsError,
  assertRejects,
} from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { GroupCommit } from "../../../src/store/sqlite/group_commit.ts";
import { StoreUnavailableError } from "../../../src/tasks/store.ts";

/** A group commit on a table of texts, with a log of its calls. */
class Fixture implements Disposable {
  readonly database = new DatabaseSync(":memory:");
  /** Transactions, work and hooks, in their order. */
  readonly log: string[] = [];
  readonly commits: GroupCommit;

  constructor() {
    this.database.exec("CREATE TABLE texts (text TEXT UNIQUE)");
    const exec = this.database.exec.bind(this.database);
    this.database.exec = (sql) => {
      this.log.push(sql.replace(" IMMEDIATE", ""));
      exec(sql);
    };
    this.commits = new GroupCommit(this.database, {
      onBegin: () => this.log.push("onBegin"),
      onRollback: () => this.log.push("onRollback"),
    });
  }

  /** Inserts a text; answers with it in capitals. */
  insert(text: string): Promise<string> {
    return this.commits.write(() => {
      this.log.push(`insert ${text}`);
      this.database.prepare("INSERT INTO texts VALUES (?)").run(text);
      return () => {
        this.log.push(`finish ${text}`);
        return text.toUpperCase();
      };
    });
  }

  get texts(): unknown[] {
    return this.database.prepare("SELECT text FROM texts ORDER BY rowid").all()
      .map(({ text }) => text);
  }

  [Symbol.dispose](): void {
    this.database.close();
  }
}

Deno.test("GroupCommit.write() has the writes of one turn share a transaction, and answers after it", async () => {
  using fixture = new Fixture();
  const answers = await Promise.all(
    ["a", "b", "c"].map((text) => fixture.insert(text)),
  );
  assertEquals(answers, ["A", "B", "C"]);
  assertEquals(fixture.log, [
    "BEGIN",
    "onBegin",
    "insert a",
    "insert b",
    "insert c",
    "COMMIT",
    "finish a",
    "finish b",
    "finish c",
  ]);
});

Deno.test("GroupCommit.write() shares a transaction with later writes of the same turn", async () => {
  using fixture = new Fixture();
  const first = fixture.insert("a");
  await Promise.resolve();
  await Promise.all([first, fixture.insert("b")]);
  assertEquals(fixture.log.filter((entry) => entry === "COMMIT").length, 1);
});

Deno.test("GroupCommit.write() begins another transaction in another turn", async () => {
  using fixture = new Fixture();
  await fixture.insert("a");
  await fixture.insert("b");
  assertEquals(fixture.log.filter((entry) => entry === "COMMIT").length, 2);
  assertEquals(fixture.texts, ["a", "b"]);
});

Deno.test("GroupCommit.write() puts writes made by a finish into the next transaction", async () => {
  using fixture = new Fixture();
  const next = await fixture.commits.write(() => () => [fixture.insert("b")]);
  assertEquals(await Promise.all(next), ["B"]);
  assertEquals(fixture.texts, ["b"]);
});

Deno.test("GroupCommit.write() undoes and rejects all of a batch, and takes the next", async () => {
  using fixture = new Fixture();
  await fixture.insert("a");
  fixture.log.length = 0;
  const writing = ["b", "a", "c"].map((text) => fixture.insert(text));
  for (const answer of await Promise.allSettled(writing)) {
    assert(answer.status === "rejected");
    assertIsError(answer.reason, StoreUnavailableError, "UNIQUE");
  }
  assertEquals(fixture.log, [
    "BEGIN",
    "onBegin",
    "insert b",
    "insert a",
    "ROLLBACK",
    "onRollback",
  ]);
  assertEquals(fixture.texts, ["a"]);
  assertEquals(await fixture.insert("b"), "B");
  assertEquals(fixture.texts, ["a", "b"]);
});

for (const when of ["BEGIN", "COMMIT"]) {
  Deno.test(`GroupCommit.write() rejects if ${when} fails, and takes the next write`, async () => {
    using fixture = new Fixture();
    const { exec } = fixture.database;
    fixture.database.exec = (sql) => {
      if (!sql.startsWith(when)) return exec(sql);
      throw Object.assign(new Error("database or disk is full"), {
        code: "ERR_SQLITE_ERROR",
      });
    };
    await assertRejects(
      () => fixture.insert("a"),
      StoreUnavailableError,
      "the disk is full",
    );
    fixture.database.exec = exec;
    assertEquals(fixture.texts, []);
    assertEquals(await fixture.insert("b"), "B");
    assertEquals(fixture.texts, ["b"]);
  });
}

Deno.test("GroupCommit.write() continues if the error has ended the transaction", async () => {
  using fixture = new Fixture();
  await assertRejects(
    () =>
      fixture.commits.write(() => {
        // As SQLite does itself if a disk is full.
        fixture.database.exec("ROLLBACK");
        throw Object.assign(new Error("database or disk is full"), {
          code: "ERR_SQLITE_ERROR",
        });
      }),
    StoreUnavailableError,
  );
  assertEquals(await fixture.insert("b"), "B");
});

Deno.test("GroupCommit.write() rejects with a bug's error unchanged", async () => {
  using fixture = new Fixture();
  const writing = fixture.commits.write(() => {
    throw new TypeError("a fault of ours");
  });
  await assertRejects(() => writing, TypeError, "a fault of ours");
  assertEquals(await fixture.insert("a"), "A");
});

Deno.test("GroupCommit.write() rejects for its own finish alone", async () => {
  using fixture = new Fixture();
  const failing = fixture.commits.write(() => {
    fixture.database.prepare("INSERT INTO texts VALUES (?)").run("kept");
    return () => {
      throw new TypeError("the watcher failed");
    };
  });
  const [own, other] = await Promise.allSettled([failing, fixture.insert("a")]);
  assertEquals(own.status, "rejected");
  assertEquals(other, { status: "fulfilled", value: "A" });
  assertEquals(fixture.texts, ["kept", "a"]);
});

Deno.test("GroupCommit.flush() commits waiting writes at once, and only once", async () => {
  using fixture = new Fixture();
  const writing = fixture.insert("a");
  fixture.commits.flush();
  assertEquals(fixture.texts, ["a"]);
  fixture.commits.flush();
  assertEquals(await writing, "A");
  await fixture.insert("b"); // the turn of what was flushed has passed
  assertEquals(fixture.log.filter((entry) => entry === "BEGIN").length, 2);
});
