import { assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { openDatabase } from "../../../src/store/sqlite/schema.ts";
import {
  createSqliteStore,
  storeOn,
} from "../../../src/store/sqlite/sqlite_store.ts";
import { StoreUnavailableError } from "../../../src/tasks/store.ts";
import { makeTempDir } from "../../support/temp_dir.ts";
import { testStoreContract } from "../store_contract.ts";

testStoreContract("createSqliteStore()", async (retention, announce) => {
  const folder = await Deno.makeTempDir({ prefix: "taskwire-sqlite-" });
  const time = new FakeTime();
  const store = createSqliteStore(
    `${folder}/test.db`,
    "NORMAL",
    retention,
    announce,
  );
  return {
    store,
    elapse: (ms) => time.tick(ms),
    async [Symbol.asyncDispose]() {
      await store.close();
      time.restore();
      await Deno.remove(folder, { recursive: true });
    },
  };
});

const retention = { historyLimit: 10, historyTtlMs: 60_000 };

function open(path: string, limits = retention) {
  return createSqliteStore(path, "NORMAL", limits, () => 0);
}

Deno.test("createSqliteStore() finds everything again after it was closed", async () => {
  await using folder = await makeTempDir();
  const path = `${folder.path}/a.db`;
  const first = open(path);
  await first.publish("a", { event_id: "one", user_id: "7", lease: 60 });
  await first.publish("a", { kind: "cancel" });
  await first.publish("b", { status: "failed" });
  const before = [await first.read("a"), await first.read("new")];
  const list = await first.list({ limit: 9 });
  await first.close();

  const second = open(path);
  assertEquals([await second.read("a"), await second.read("new")], before);
  assertEquals(await second.list({ limit: 9 }), list);
  const { kind } = await second.publish("a", { event_id: "one" });
  assertEquals(kind, "duplicate");
  await second.publish("b", { attempt: 2 });
  const { states } = await second.list({ limit: 1 });
  assertEquals(states[0]?.snapshot.connection_id, "b");
  await second.close();
});

Deno.test("createSqliteStore() stores all writes made before close()", async () => {
  await using folder = await makeTempDir();
  const first = open(`${folder.path}/a.db`);
  const publishing = first.publish("a", {});
  await first.close();
  assertEquals((await publishing).kind, "stored");
  const second = open(`${folder.path}/a.db`);
  assertEquals((await second.read("a")).offset, 1);
  await second.close();
});

Deno.test("createSqliteStore() recovers no position that a raised limit no longer reaches", async () => {
  await using folder = await makeTempDir();
  const first = open(`${folder.path}/a.db`, { ...retention, historyLimit: 3 });
  for (let count = 0; count < 6; count++) await first.publish("a", {});
  await first.close();
  const second = open(`${folder.path}/a.db`);
  const { epoch } = await second.read("a");
  assertEquals((await second.read("a", { epoch, offset: 1 })).recovered, false);
  const { recovered, events } = await second.read("a", { epoch, offset: 3 });
  assertEquals([recovered, events.length], [true, 3]);
  await second.close();
});

Deno.test("createSqliteStore() rejects the writes of a failed transaction, and continues", async () => {
  await using folder = await makeTempDir();
  const path = `${folder.path}/a.db`;
  const store = open(path);
  await store.publish("a", {});
  await store.close();

  // A database that may not grow stands for a full disk.
  const database = openDatabase(path, "NORMAL");
  const limited = storeOn(database, retention, () => 0);
  const { epoch } = await limited.read("a");
  const grow = (pages: number) =>
    database.exec(`PRAGMA max_page_count = ${pages}`);
  grow(1); // SQLite takes it for the present size
  const data = "x".repeat(60_000);
  await assertRejects(
    () =>
      Promise.all([
        limited.publish("a", { data }),
        limited.publish("b", { data }),
      ]),
    StoreUnavailableError,
    "full",
  );
  assertEquals((await limited.read("a")).offset, 1);
  assertEquals((await limited.read("b")).state, undefined);
  grow(1_000_000);
  const outcome = await limited.publish("a", { data });
  assertEquals(outcome.kind === "stored" && outcome.event.offset, 2);
  assertEquals((await limited.read("a")).epoch, epoch);
  await limited.close();
});
