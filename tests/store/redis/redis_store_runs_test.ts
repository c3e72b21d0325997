import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import { StoreDisconnectedError } from "../../../src/tasks/store.ts";
import { Announcements } from "../../support/announcements.ts";
import { captureLog } from "../../support/captured_log.ts";
import { deadline } from "../../support/deadline.ts";
import { needs } from "../../support/needs.ts";
import { RedisServer } from "../../support/redis_server.ts";
import { openRedisStore, redisRetention } from "../../support/redis_store.ts";

const test = needs("redis-server");

/** Waits for a store to lose Redis and to reconnect. */
async function lose(
  store: Awaited<ReturnType<typeof openRedisStore>>,
  bringBack: () => Promise<void>,
): Promise<void> {
  const { restored } = await assertRejects(async () => {
    for (;;) await store.read("a");
  }, StoreDisconnectedError);
  await bringBack();
  await deadline(restored, () => "not restored");
}

test("an older copy of the data gets new epochs, though offsets repeat", async () => {
  using _log = captureLog();
  await using server = await RedisServer.start();
  const announced = new Announcements();
  await using store = await openRedisStore(server, "app:", announced.take);
  await store.watch("a", 1);
  for (let count = 0; count < 3; count++) await store.publish("a", {});
  await server.save();
  for (let count = 0; count < 3; count++) {
    await store.publish("a", { message: "lost" });
  }
  const { epoch, offset } = await store.read("a");
  assertEquals(offset, 6);
  await server.kill();
  await lose(store, () => server.restart("saved"));
  for (let count = 0; count < 5; count++) await store.publish("a", {});
  const view = await store.read("a", "oldest");
  assertEquals([view.offset, view.events.length], [8, 8]);
  assertNotEquals(view.epoch, epoch);
  for (let offset = 0; offset <= 8; offset++) {
    assert(!(await store.read("a", { epoch, offset })).recovered);
  }
  assertEquals(await announced.until("a", 12), [
    ...[1, 2, 3, 4, 5, 6, "missed"],
    ...[4, 5, 6, 7, 8],
  ]);
});

test("a Redis that flushes always has all again after a kill, and the same epochs", async () => {
  using _log = captureLog();
  await using server = await RedisServer.start({ appendFsync: "always" });
  const announced = new Announcements();
  const more = { ...redisRetention, historyLimit: 10_000 };
  await using store = await openRedisStore(
    server,
    "app:",
    announced.take,
    more,
  );
  await store.watch("a", 1);
  await store.publish("a", {});
  const { epoch } = await store.read("a");
  let acknowledged = 1;
  // Publishes after every reply, until no reply comes.
  const publishing = (async () => {
    try {
      for (;;) {
        await store.publish("a", {});
        acknowledged++;
      }
    } catch (error) {
      assert(error instanceof StoreDisconnectedError);
    }
  })();
  await announced.until("a", 20);
  await server.kill();
  await publishing;
  await lose(store, () => server.restart());
  const view = await store.read("a", { epoch, offset: 0 });
  assertEquals([view.recovered, view.epoch], [true, epoch]);
  // A further event may have been stored without a reply.
  assert(view.offset - acknowledged <= 1, `${view.offset} ${acknowledged}`);
  const offsets = view.events.map(({ offset }) => offset);
  assertEquals(offsets.length, view.offset);
  assertEquals(await announced.until("a", view.offset), offsets);
});

test("a Redis flushed while running gets new epochs", async () => {
  using _log = captureLog();
  await using server = await RedisServer.start({ appendFsync: "always" });
  const announced = new Announcements();
  await using store = await openRedisStore(server, "app:", announced.take);
  await store.watch("a", 1);
  for (let count = 0; count < 3; count++) await store.publish("a", {});
  const { epoch } = await store.read("a");
  await server.flush();
  const unknown = await store.read("a", { epoch, offset: 3 });
  assertEquals([unknown.recovered, unknown.offset], [false, 0]);
  for (let count = 0; count < 5; count++) await store.publish("a", {});
  const view = await store.read("a", { epoch, offset: 3 });
  assertEquals([view.recovered, view.offset], [false, 5]);
  assertNotEquals(view.epoch, epoch);
  const events = announced.all.flatMap((announcement) =>
    announcement.kind === "event" ? [announcement.position] : []
  );
  assertEquals(events.map(({ offset }) => offset), [1, 2, 3, 1, 2, 3, 4, 5]);
  assertEquals(new Set(events.map((position) => position.epoch)).size, 2);
});

test("a Redis with appendfsync always keeps its epochs", async () => {
  using _log = captureLog();
  await using server = await RedisServer.start();
  await using before = await openRedisStore(server, "app:");
  await before.publish("a", {});
  const { epoch } = await before.read("a");
  await server.command("CONFIG", "SET", "appendfsync", "always");
  await using after = await openRedisStore(server, "app:");
  // Every node checks Redis at connect; the results must agree nevertheless.
  for (const store of [after, before, after, before]) {
    await store.publish("a", {});
    assertEquals((await store.read("a")).epoch, epoch);
  }
});
