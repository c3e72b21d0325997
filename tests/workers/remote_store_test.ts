import { assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "../support/fake_time.ts";
import { createMemoryStore } from "../../src/store/memory/memory_store.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite_store.ts";
import {
  type Announce,
  backUp,
  BackupUnsupportedError,
  type Retention,
  type Store,
  StoreUnavailableError,
} from "../../src/tasks/store.ts";
import { createShared, linkWorker } from "../support/linked.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { testStoreContract } from "../store/store_contract.ts";

/** The store of a worker in the test process, over a memory store. */
function openRemote(retention: Retention, announce: Announce) {
  const shared = createShared();
  const owned = createMemoryStore(
    retention,
    (announcement) => shared.store.announce(announcement),
  );
  shared.store.open(owned);
  const worker = linkWorker(shared);
  return {
    shared,
    owned,
    worker,
    store: worker.supervisor.openStore(announce).store,
  };
}

/** A store with announcements for all changes, as if three watchers watched every task. */
function watchedStore(store: Store): Store {
  const watch = (taskId: string) => store.watch(taskId, 3);
  return {
    ...store,
    // The contract concerns stores without other processes.
    async read(...args) {
      const { watchers: _, ...view } = await store.read(...args);
      return view;
    },
    async publish(taskId, change) {
      await watch(taskId);
      return await store.publish(taskId, change);
    },
    async publishAll(publications) {
      for (const { taskId } of publications) await watch(taskId);
      return await store.publishAll(publications);
    },
    async forget(taskId, epoch) {
      await watch(taskId);
      return await store.forget(taskId, epoch);
    },
  };
}

testStoreContract("createRemoteStore()", (retention, announce) => {
  const time = new FakeTime();
  const { worker, store } = openRemote(retention, announce);
  return Promise.resolve({
    store: watchedStore(store),
    elapse: (ms) => time.tick(ms),
    async [Symbol.asyncDispose]() {
      await store.close();
      await worker[Symbol.asyncDispose]();
      time.restore();
    },
  });
});

const retention = { historyLimit: 10, historyTtlMs: 60_000 };

Deno.test("createRemoteStore() announces only watched tasks", async () => {
  const announced: string[] = [];
  const { worker, store } = openRemote(retention, (announcement) => {
    if (announcement.kind === "event") {
      announced.push(announcement.event.connection_id);
    }
    return 0;
  });
  await using _worker = worker;
  await store.watch("a", 1);
  await store.publish("a", {});
  await store.publish("b", {});
  await store.watch("a", 0);
  await store.publish("a", {});
  assertEquals(announced, ["a"]);
});

Deno.test("createRemoteStore() says how many watch in all", async () => {
  const { shared, worker, store } = openRemote(retention, () => 0);
  await using _worker = worker;
  await using other = linkWorker(shared);
  const { store: elsewhere } = other.supervisor.openStore(() => 0);
  await store.watch("a", 2);
  await elsewhere.watch("a", 3);
  // Later calls are carried out later.
  await elsewhere.read("a");
  const outcome = await store.publish("a", {});
  assertEquals("delivered" in outcome && outcome.delivered, 5);
  assertEquals((await store.read("a")).watchers, 5);
  assertEquals((await store.list({ limit: 10 })).watchers, [5]);
});

Deno.test("createRemoteStore() throws the errors of the supervisor's store", async () => {
  const { owned, worker, store } = openRemote(retention, () => 0);
  await using _worker = worker;
  owned.read = () => Promise.reject(new StoreUnavailableError("is full"));
  owned.list = () => Promise.reject(new RangeError("out of it"));
  await assertRejects(() => store.read("a"), StoreUnavailableError, "is full");
  const error = await assertRejects(() => store.list({ limit: 1 }), Error);
  assertEquals([error.name, error.message], ["RangeError", "out of it"]);
});

Deno.test("createRemoteStore() is unavailable once the supervisor has ended", async () => {
  const { worker, store } = openRemote(retention, () => 0);
  await worker[Symbol.asyncDispose]();
  await assertRejects(() => store.read("a"), StoreUnavailableError, "ended");
});

Deno.test("createRemoteStore() has the supervisor make and remove copies", async () => {
  await using folder = await makeTempDir();
  const shared = createShared();
  const owned = await openSqliteStore(
    `${folder.path}/a.db`,
    "NORMAL",
    retention,
    () => 0,
  );
  shared.store.open(owned);
  await using worker = linkWorker(shared);
  const { store } = worker.supervisor.openStore(() => 0);
  {
    await using copy = await backUp(store);
    assertEquals((await Deno.stat(copy.path)).isFile, true);
  }
  const names = (await Array.fromAsync(Deno.readDir(folder.path))).map((
    { name },
  ) => name);
  assertEquals(names.filter((name) => name.includes("backup")), []);
  await owned.close();
});

Deno.test("createRemoteStore() refuses a backup if the supervisor's store has none", async () => {
  const { worker, store } = openRemote(retention, () => 0);
  await using _worker = worker;
  await assertRejects(() => backUp(store), BackupUnsupportedError);
});
