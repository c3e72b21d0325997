import { assertEquals, assertNotEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import type { SqliteSync } from "../../../src/store/sqlite/schema.ts";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite_store.ts";
import { captureLog } from "../../support/captured_log.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

const retention = { historyLimit: 10, historyTtlMs: 60_000 };

function open(path: string, sync: SqliteSync) {
  return openSqliteStore(path, sync, retention, () => 0);
}

/** Reads the mark of a closed file. */
function markOf(path: string): number | null {
  const database = new DatabaseSync(path);
  const { mark } = database.prepare(
    "SELECT unflushed_since_boot_s AS mark FROM store",
  ).get() ?? {};
  database.close();
  return mark === null ? null : Number(mark);
}

/** Marks a closed file as if a server had left it at a stop of the system. */
function setMark(path: string, mark: number): void {
  const database = new DatabaseSync(path);
  database.prepare("UPDATE store SET unflushed_since_boot_s = ?").run(mark);
  database.close();
}

/** The start of this system, in seconds since 1970. */
const boot = Math.round(Date.now() / 1_000 - Deno.osUptime());

for (const sync of ["NORMAL", "FULL"] as const) {
  Deno.test(`openSqliteStore() with ${sync} leaves no mark after close()`, async () => {
    await using folder = await makeTempDir();
    const path = `${folder.path}/a.db`;
    const store = await open(path, sync);
    await store.publish("a", {});
    await store.close();
    assertEquals(markOf(path), null);
  });

  Deno.test(`openSqliteStore() with ${sync} renews epochs after a system stop`, async () => {
    await using folder = await makeTempDir();
    const path = `${folder.path}/a.db`;
    const first = await open(path, "NORMAL");
    await first.publish("a", { message: "kept", data: { exact: 0.1 } });
    const before = await first.read("a");
    const { epoch: unused } = await first.read("never");
    await first.close();
    setMark(path, boot - 600);

    using log = captureLog();
    const second = await open(path, sync);
    assertEquals(log.text.includes("the newest events may be missing"), true);
    const after = await second.read("a", { epoch: before.epoch, offset: 1 });
    assertEquals(after.recovered, false);
    assertNotEquals(after.epoch, before.epoch);
    assertNotEquals((await second.read("never")).epoch, unused);
    assertEquals(after.state, {
      ...before.state,
      snapshot: { ...before.state?.snapshot, epoch: after.epoch },
    });
    await second.publish("a", {});
    const { recovered, events } = await second.read("a", {
      epoch: after.epoch,
      offset: 1,
    });
    assertEquals({ recovered, events: events.length }, {
      recovered: true,
      events: 1,
    });
    await second.close();

    const third = await open(path, sync);
    assertEquals((await third.read("a")).epoch, after.epoch);
    await third.close();
  });
}

Deno.test("openSqliteStore() keeps epochs after a kill", async () => {
  await using folder = await makeTempDir();
  const path = `${folder.path}/a.db`;
  const first = await open(path, "NORMAL");
  await first.publish("a", {});
  const { epoch } = await first.read("a");
  await first.close();
  // The clock and the uptime are read one after the other.
  setMark(path, boot + 1);

  const second = await open(path, "NORMAL");
  assertEquals((await second.read("a")).epoch, epoch);
  await second.close();
});
