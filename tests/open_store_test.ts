import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { isOfTopic } from "./support/announcements.ts";
import { FakeTime } from "./support/fake_time.ts";
import { openStore } from "../src/open_store.ts";
import { StoreOpenError } from "../src/tasks/store.ts";
import { testConfig } from "./support/server.ts";
import { makeTempDir } from "./support/temp_dir.ts";

Deno.test("openStore() opens a store in memory, lost on close", async () => {
  const config = testConfig({ store: "memory:" });
  const epochs = [];
  for (let count = 0; count < 2; count += 1) {
    const { store } = await openStore(config, () => 0);
    epochs.push((await store.read("a")).epoch);
    assertEquals((await store.read("a")).offset, 0);
    await store.publish("a", {});
    await store.close();
  }
  assertNotEquals(epochs[0], epochs[1]);
});

for (const sqliteSync of ["NORMAL", "FULL"] as const) {
  Deno.test(`openStore() opens and reopens an SQLite file with ${sqliteSync}`, async () => {
    await using folder = await makeTempDir();
    const store = `sqlite:${folder.path}/a:b c.db`;
    const config = testConfig({ store, sqliteSync });
    for (const offset of [1, 2]) {
      const { store: opened } = await openStore(config, () => 0);
      await opened.publish("a", {});
      assertEquals((await opened.read("a")).offset, offset);
      await opened.close();
    }
    assertEquals((await Deno.stat(`${folder.path}/a:b c.db`)).isFile, true);
  });
}

Deno.test("openStore() rejects if the file can't be used", async () => {
  const config = testConfig({ store: "sqlite:/no/such/folder/a.db" });
  await assertRejects(
    () => openStore(config, () => 0),
    StoreOpenError,
    "/no/such/folder/a.db",
  );
});

for (const store of ["memory:", "sqlite::memory:"]) {
  Deno.test(`openStore() announces, and keeps as much and as long as configured, with ${store}`, async () => {
    using time = new FakeTime();
    const announced: unknown[] = [];
    const { store: opened } = await openStore(
      testConfig({ store, historyLimit: 2, historyTtlSeconds: 5 }),
      (announcement) =>
        isOfTopic(announcement) ? 0 : announced.push(announcement.kind),
    );
    for (let count = 0; count < 3; count += 1) await opened.publish("a", {});
    assertEquals(announced, ["event", "event", "event"]);
    const { events } = await opened.read("a", "oldest");
    assertEquals(events.map(({ offset }) => offset), [2, 3]);
    time.tick(4_999);
    assertEquals((await opened.read("a")).offset, 3);
    time.tick(1);
    assertEquals((await opened.read("a")).offset, 0);
    await opened.close();
  });
}
