import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { asUnavailable, explain } from "../../../src/store/sqlite/error.ts";
import { StoreUnavailableError } from "../../../src/tasks/store.ts";

for (
  const [text, advice] of [
    ["database is locked", "stop that process, or choose another file"],
    ["attempt to write a readonly database", "check the permissions"],
    ["disk I/O error", "the system's log"],
    ["database disk image is malformed", "restore a copy"],
    ["database or disk is full", "make room"],
    ["unable to open database file", "check that its folder exists"],
    ["file is not a database", "choose another file"],
    ["database is not open", "start the server again"],
  ] as const
) {
  Deno.test(`explain() gives advice on '${text}', and keeps the text`, () => {
    for (const message of [text, `${text}: more`]) {
      const explained = explain(new Error(message));
      assert(explained.includes(advice), explained);
      assert(explained.endsWith(` (${message})`), explained);
    }
  });
}

Deno.test("explain() leaves anything else as it is", () => {
  for (const message of ["", "near x", "the disk I/O error"]) {
    assertEquals(explain(new Error(message)), message);
  }
  assertEquals(explain("thrown as a text"), "thrown as a text");
  assertEquals(explain(undefined), "undefined");
});

/** The error thrown by SQLite itself. */
function sqliteError(run: (database: DatabaseSync) => void): unknown {
  const database = new DatabaseSync(":memory:");
  try {
    run(database);
    return undefined;
  } catch (error) {
    return error;
  } finally {
    database.close();
  }
}

Deno.test("asUnavailable() makes of SQLite's errors the store's, with their cause", () => {
  const cause = sqliteError((database) => {
    database.exec("PRAGMA max_page_count = 2; CREATE TABLE a (x);");
    database.exec("CREATE TABLE b (x);");
  });
  const error = asUnavailable(cause);
  assert(error instanceof StoreUnavailableError);
  assertEquals(error.message, explain(cause));
  assert(error.message.includes("make room"), error.message);
  assertStrictEquals(error.cause, cause);
});

Deno.test("asUnavailable() makes the store's error of a closed database", () => {
  const database = new DatabaseSync(":memory:");
  database.close();
  const cause = assertThrows(() => database.exec("BEGIN"));
  const error = asUnavailable(cause);
  assert(error instanceof StoreUnavailableError);
  assert(error.message.includes("the store is closed"), error.message);
  assertStrictEquals(error.cause, cause);
});

Deno.test("asUnavailable() returns errors from bugs unchanged", () => {
  const errors = [
    new TypeError("x is not a function"),
    Object.assign(new Error("not found"), { code: "ENOENT" }),
    "thrown as a text",
    undefined,
  ];
  for (const error of errors) assertStrictEquals(asUnavailable(error), error);
});
