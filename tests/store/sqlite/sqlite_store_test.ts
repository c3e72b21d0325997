import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite_store.ts";
import { makeTempDir } from "../../support/temp_dir.ts";
import { testStoreContract } from "../store_contract.ts";

testStoreContract("openSqliteStore()", async (retention, announce) => {
  const folder = await Deno.makeTempDir({ prefix: "taskwire-sqlite-" });
  const time = new FakeTime();
  const store = await openSqliteStore(
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
  return openSqliteStore(path, "NORMAL", limits, () => 0);
}

Deno.test("openSqliteStore() finds everything again after it was closed", async () => {
  await using folder = await makeTempDir();
  const path = `${folder.path}/a.db`;
  const first = await open(path);
  await first.publish("a", { event_id: "one", user_id: "7", lease: 60 });
  await first.publish("a", { kind: "cancel" });
  await first.publish("b", { status: "failed" });
  const before = [await first.read("a"), await first.read("new")];
  const list = await first.list({ limit: 9 });
  await first.close();

  const second = await open(path);
  assertEquals([await second.read("a"), await second.read("new")], before);
  assertEquals(await second.list({ limit: 9 }), list);
  const { kind } = await second.publish("a", { event_id: "one" });
  assertEquals(kind, "duplicate");
  await second.publish("b", { attempt: 2 });
  const { states } = await second.list({ limit: 1 });
  assertEquals(states[0]?.snapshot.connection_id, "b");
  await second.close();
});

Deno.test("openSqliteStore() stores all writes made before close()", async () => {
  await using folder = await makeTempDir();
  const first = await open(`${folder.path}/a.db`);
  const publishing = first.publish("a", {});
  await first.close();
  assertEquals((await publishing).kind, "stored");
  const second = await open(`${folder.path}/a.db`);
  assertEquals((await second.read("a")).offset, 1);
  await second.close();
});

Deno.test("openSqliteStore() recovers no position that a raised limit no longer reaches", async () => {
  await using folder = await makeTempDir();
  const first = await open(`${folder.path}/a.db`, {
    ...retention,
    historyLimit: 3,
  });
  for (let count = 0; count < 6; count++) await first.publish("a", {});
  await first.close();
  const second = await open(`${folder.path}/a.db`);
  const { epoch } = await second.read("a");
  assertEquals((await second.read("a", { epoch, offset: 1 })).recovered, false);
  const { recovered, events } = await second.read("a", { epoch, offset: 3 });
  assertEquals([recovered, events.length], [true, 3]);
  await second.close();
});

Deno.test("openSqliteStore() finds every named event of a long history", async () => {
  await using folder = await makeTempDir();
  const path = `${folder.path}/a.db`;
  const limits = { historyLimit: 5_000, historyTtlMs: 60_000 };
  const first = await open(path, limits);
  const ids = Array.from({ length: 1_500 }, (_, index) => `e${index + 1}`);
  await first.publishAll(
    ids.map((event_id) => ({ taskId: "a", change: { event_id } })),
  );
  await first.publish("a", {});
  const { epoch } = await first.read("a");
  const repeated = ["e1", `${epoch}:1501`, "e1500", "new", "new"];
  const publishAgain = async (store: typeof first) => {
    const outcomes = await Promise.all(
      repeated.map((event_id) => store.publish("a", { event_id })),
    );
    return outcomes.map((outcome) =>
      outcome.kind === "duplicate" ? outcome.offset : outcome.kind
    );
  };
  assertEquals(await publishAgain(first), [1, 1_501, 1_500, "stored", 1_502]);
  await first.close();
  const second = await open(path, limits);
  assertEquals(await publishAgain(second), [1, 1_501, 1_500, 1_502, 1_502]);
  await second.close();
});

Deno.test("openSqliteStore() begins an expired task anew that is not deleted yet", async () => {
  using time = new FakeTime();
  await using folder = await makeTempDir();
  const store = await open(`${folder.path}/a.db`);
  const ids = Array.from({ length: 250 }, (_, index) => `task ${index}`);
  await Promise.all(
    ids.map((id) => store.publish(id, { event_id: "e1", user_id: "7" })),
  );
  const { epoch } = await store.read("task 249");
  time.tick(retention.historyTtlMs);
  const outcome = await store.publish("task 249", { event_id: "e1" });
  assert(outcome.kind === "stored");
  assertEquals(outcome.event.offset, 1);
  assertNotEquals(outcome.epoch, epoch);
  assertEquals((await store.read("task 249")).state?.owner, undefined);

  // A task read before its deletion is expired nevertheless.
  const view = await store.read("task 248", { epoch, offset: 0 });
  assertEquals([view.offset, view.recovered], [0, false]);
  assertNotEquals(view.epoch, epoch);
  assertEquals(await store.forget("task 247"), false);
  assertEquals((await store.list({ limit: 1_000 })).states.length, 1);
  await store.close();
});
