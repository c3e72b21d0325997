import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite_store.ts";
import {
  type Announcement,
  type Store,
  StoreUnavailableError,
} from "../../../src/tasks/store.ts";
import { isOfTopic } from "../../support/announcements.ts";
import { FakeTime } from "../../support/fake_time.ts";
import { makeTempDir } from "../../support/temp_dir.ts";
import { outcomeOf } from "../store_contract_bench.ts";
import { FragileThreads } from "./fragile_threads.ts";

/** A store, and a second connection that makes the store's commits slow or fail. */
class Fixture implements AsyncDisposable {
  readonly #folder;
  readonly #database: DatabaseSync;

  private constructor(
    folder: Awaited<ReturnType<typeof makeTempDir>>,
    database: DatabaseSync,
    readonly store: Store,
    readonly threads: FragileThreads,
    readonly announced: Announcement[],
  ) {
    this.#folder = folder;
    this.#database = database;
  }

  /** Opens a store with one task, `first`. */
  static async open(): Promise<Fixture> {
    const folder = await makeTempDir();
    const path = `${folder.path}/a.db`;
    const announced: Announcement[] = [];
    const threads = new FragileThreads();
    const store = await openSqliteStore(
      path,
      "NORMAL",
      { historyLimit: 10, historyTtlMs: 60_000 },
      (announcement) =>
        isOfTopic(announcement) ? 0 : announced.push(announcement),
      threads.start,
    );
    await store.publish("first", {});
    await threads.replied("sqlite-reader");
    await store.list({ limit: 1 });
    announced.length = 0;
    return new Fixture(
      folder,
      new DatabaseSync(path),
      store,
      threads,
      announced,
    );
  }

  /** Makes commits wait until disposed of. */
  holdCommits(): Disposable {
    this.#database.exec("BEGIN IMMEDIATE");
    return { [Symbol.dispose]: () => this.#database.exec("COMMIT") };
  }

  /** Makes commits of events fail until disposed of. */
  failCommits(): Disposable {
    this.#database.exec(`
      CREATE TRIGGER fail BEFORE INSERT ON events
      BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END;
    `);
    return { [Symbol.dispose]: () => this.#database.exec("DROP TRIGGER fail") };
  }

  get storedEpoch(): unknown {
    return this.#database.prepare("SELECT epoch FROM store").get()?.epoch;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close();
    this.#database.close();
    await this.#folder[Symbol.asyncDispose]();
  }
}

/** Publishes, and resolves once the event is with the thread that commits. */
async function beginPublish(
  store: Store,
  ...event: Parameters<Store["publish"]>
): Promise<{ outcome: ReturnType<Store["publish"]> }> {
  const outcome = store.publish(...event);
  // A rejection is asserted later.
  outcome.catch(() => {});
  // The thread answers in order, and a group is sent in the turn after loading.
  for (let turn = 0; turn < 3; turn++) await store.list({ limit: 1 });
  return { outcome };
}

Deno.test("openSqliteStore() judges changes by changes not yet committed, and shows committed changes alone", async () => {
  await using fixture = await Fixture.open();
  const { store, announced } = fixture;
  await store.publish("a", {});
  const before = await store.read("a", "oldest");
  const hold = fixture.holdCommits();
  let answered = 0;
  const publishing = [
    { status: "succeeded", event_id: "end" } as const,
    { event_id: "late" },
    { event_id: "end" },
  ].map(async (draft) => {
    const outcome = await store.publish("a", draft);
    answered += 1;
    return outcome;
  });
  assertEquals(await store.read("a", "oldest"), before);
  assertEquals((await store.read("a")).offset, 1);
  const { states } = await store.list({ limit: 9 });
  assertEquals(states[0]?.snapshot.status, "running");
  assertEquals([answered, announced.length], [0, 1]);
  hold[Symbol.dispose]();
  const [end, late, again] = await Promise.all(publishing);
  assert(end && late && again);
  assertEquals(outcomeOf("stored", end).event.offset, 2);
  assertEquals(outcomeOf("refused", late).refusal.code, "task_finished");
  assertEquals(outcomeOf("duplicate", again).offset, 2);
  assertEquals((await store.read("a")).offset, 2);
});

Deno.test("openSqliteStore() keeps the order of each task while commits are slow", async () => {
  await using fixture = await Fixture.open();
  const { store, announced } = fixture;
  const publishing: Promise<unknown>[] = [];
  for (let round = 0; round < 5; round++) {
    using _ = fixture.holdCommits();
    for (let count = 0; count < 20; count++) {
      publishing.push(store.publish(`task ${count % 3}`, {}));
    }
    await store.list({ limit: 1 });
  }
  await Promise.all(publishing);
  const offsets = new Map<string, number>();
  for (const announcement of announced) {
    assert(announcement.kind === "event");
    const { connection_id, offset } = announcement.event;
    assertEquals(offset, (offsets.get(connection_id) ?? 0) + 1);
    offsets.set(connection_id, offset);
  }
  assertEquals(announced.length, 100);
});

Deno.test("openSqliteStore() rejects a failed group with all that was judged by the group, and continues", async () => {
  await using fixture = await Fixture.open();
  const { store, announced } = fixture;
  await store.publish("a", { message: "kept" });
  const { epoch } = await store.read("a");
  const lost = [];
  {
    using _fail = fixture.failCommits();
    const hold = fixture.holdCommits();
    lost.push(await beginPublish(store, "a", { status: "succeeded" }));
    lost.push(await beginPublish(store, "a", {})); // refused, as it seems
    lost.push(await beginPublish(store, "b", {}));
    hold[Symbol.dispose]();
    for (const { outcome } of lost) {
      await assertRejects(() => outcome, StoreUnavailableError, "make room");
    }
  }
  assertEquals(announced.length, 1);
  const { offset, state } = await store.read("a");
  assertEquals([offset, state?.snapshot.message], [1, "kept"]);
  assertEquals((await store.read("b")).state, undefined);

  const next = outcomeOf("stored", await store.publish("a", {}));
  assertEquals([next.event.offset, next.epoch], [2, epoch]);
  assertEquals(
    outcomeOf("stored", await store.publish("b", {})).event.offset,
    1,
  );
});

Deno.test("openSqliteStore() gives no task an epoch of old because a commit failed", async () => {
  await using fixture = await Fixture.open();
  const { store } = fixture;
  await store.publish("a", {});
  const { epoch } = await store.read("a");
  await store.forget("a");
  {
    using _ = fixture.failCommits();
    await assertRejects(() => store.publish("b", {}), StoreUnavailableError);
  }
  const outcome = outcomeOf("stored", await store.publish("a", {}));
  assertNotEquals(outcome.epoch, epoch);
  const { recovered } = await store.read("a", { epoch, offset: 1 });
  assertEquals(recovered, false, "took an old position for a new one");
  assertEquals((await store.read("new")).epoch, fixture.storedEpoch);
});

Deno.test("openSqliteStore() lists the newest change first after a commit failed", async () => {
  await using fixture = await Fixture.open();
  const { store } = fixture;
  for (const id of ["a", "b", "c"]) await store.publish(id, {});
  {
    using _ = fixture.failCommits();
    await assertRejects(() => store.publish("d", {}), StoreUnavailableError);
  }
  await store.publish("a", {});
  const { states } = await store.list({ limit: 9 });
  assertEquals(
    states.map(({ snapshot }) => snapshot.connection_id),
    ["a", "c", "b", "first"],
  );
});

Deno.test("openSqliteStore() makes publishers wait while the disk is slow, then rejects", async () => {
  using time = new FakeTime();
  await using fixture = await Fixture.open();
  const { store } = fixture;
  await store.publish("a", {});
  const hold = fixture.holdCommits();
  const data = "x".repeat(64_000);
  const publishing = Array.from(
    { length: 300 },
    () => store.publish("a", { data }),
  );
  const settled = Promise.allSettled(publishing);
  await store.list({ limit: 1 });
  time.tick(5_000);
  hold[Symbol.dispose]();
  const results = await settled;
  const stored = results.filter(({ status }) => status === "fulfilled").length;
  const rejected = results.filter((result) =>
    result.status === "rejected" &&
    result.reason instanceof StoreUnavailableError &&
    result.reason.message.includes("too slow")
  ).length;
  assertEquals([stored > 0, rejected > 0, stored + rejected], [
    true,
    true,
    300,
  ]);
  assertEquals((await store.read("a")).offset, 1 + stored);
  outcomeOf("stored", await store.publish("a", { data }));
});

Deno.test("openSqliteStore() works again after the writing thread has ended between commit and answer", async () => {
  await using fixture = await Fixture.open();
  const { store, threads, announced } = fixture;
  await store.publish("a", {});
  threads.endBeforeReply("sqlite-writer");
  await assertRejects(
    () => store.publish("a", { event_id: "open" }),
    StoreUnavailableError,
    "has ended",
  );
  await assertRejects(
    () => store.publish("b", {}),
    StoreUnavailableError,
    "being restarted",
  );
  await threads.started("sqlite-writer", 2);
  while (announced.length < 2) await store.list({ limit: 1 });
  assertEquals(announced.at(-1), { kind: "missed", taskId: "a" });
  const again = await store.publish("a", { event_id: "open" });
  assertEquals(outcomeOf("duplicate", again).offset, 2);
  outcomeOf("stored", await store.publish("b", {}));
});

Deno.test("openSqliteStore() works again after the reading thread has ended", async () => {
  await using fixture = await Fixture.open();
  const { store, threads } = fixture;
  await store.publish("a", {});
  threads.endBeforeReply("sqlite-reader");
  await assertRejects(() => store.list({ limit: 1 }), StoreUnavailableError);
  await assertRejects(() => store.publish("cold", {}), StoreUnavailableError);
  outcomeOf("stored", await store.publish("a", {})); // needs no reading
  await threads.started("sqlite-reader", 2);
  await threads.replied("sqlite-reader");
  outcomeOf("stored", await store.publish("cold", {}));
});

Deno.test("openSqliteStore() rejects calls after close(), and the process lives", async () => {
  await using folder = await makeTempDir();
  const store = await openSqliteStore(
    `${folder.path}/a.db`,
    "NORMAL",
    { historyLimit: 10, historyTtlMs: 60_000 },
    () => 0,
  );
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
