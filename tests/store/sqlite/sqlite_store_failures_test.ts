import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { openDatabase } from "../../../src/store/sqlite/schema.ts";
import { storeOn } from "../../../src/store/sqlite/sqlite_store.ts";
import { StoreUnavailableError } from "../../../src/tasks/store.ts";

const retention = { historyLimit: 10, historyTtlMs: 60_000 };

function open() {
  const database = openDatabase(":memory:", "NORMAL");
  const exec = database.exec.bind(database);
  return {
    database,
    store: storeOn(database, retention, () => 0),
    /**
     * Makes every statement fail that begins with this text, until called
     * again.
     */
    failAt(start?: string) {
      database.exec = (sql) => {
        if (start === undefined || !sql.startsWith(start)) return exec(sql);
        throw Object.assign(new Error("disk I/O error"), {
          code: "ERR_SQLITE_ERROR",
        });
      };
    },
  };
}

for (const start of ["BEGIN", "COMMIT"]) {
  Deno.test(`createSqliteStore() gives no task an epoch of old because ${start} failed`, async () => {
    const { database, store, failAt } = open();
    await store.publish("a", {});
    const { epoch } = await store.read("a");
    await store.forget("a");
    failAt(start);
    await assertRejects(() => store.publish("b", {}), StoreUnavailableError);
    failAt();
    const outcome = await store.publish("a", {});
    assertNotEquals(outcome.kind === "stored" && outcome.epoch, epoch);
    const { recovered } = await store.read("a", { epoch, offset: 1 });
    assertEquals(recovered, false, "took an old position for a new one");
    const stored = database.prepare("SELECT epoch FROM store").get();
    assertEquals((await store.read("new")).epoch, stored?.epoch);
    await store.close();
  });

  Deno.test(`createSqliteStore() lists the newest change first after ${start} failed`, async () => {
    const { store, failAt } = open();
    for (const id of ["a", "b", "c"]) await store.publish(id, {});
    failAt(start);
    await assertRejects(() => store.publish("d", {}), StoreUnavailableError);
    failAt();
    await store.publish("a", {});
    const ids = [];
    let cursor: number | undefined;
    do {
      const page = await store.list({ limit: 1, ...(cursor && { cursor }) });
      ids.push(page.states[0]?.snapshot.connection_id);
      cursor = page.cursor;
    } while (cursor !== undefined);
    assertEquals(ids, ["a", "c", "b"]);
    await store.close();
  });
}

Deno.test("createSqliteStore() rejects calls after close(), and the process lives", async () => {
  const { store } = open();
  await store.publish("a", {});
  await store.close();
  for (
    const ask of [
      () => store.publish("a", {}),
      () => store.publishAll([{ taskId: "a", change: {} }]),
      () => store.read("a"),
      () => store.list({ limit: 1 }),
      () => store.forget("a"),
    ]
  ) await assertRejects(ask, StoreUnavailableError);
});
