import { assertEquals, assertRejects } from "@std/assert";
import { ErrorReply } from "@redis/client";
import { RedisWatcherCounts } from "../../../src/store/redis/watcher_counts.ts";
import { captureLog } from "../../support/captured_log.ts";
import { eventually } from "../../support/eventually.ts";
import { FakeRedis } from "../../support/fake_redis.ts";
import { needs } from "../../support/needs.ts";
import { openRedisStore } from "../../support/redis_store.ts";
import { shareRedis } from "../../support/shared_redis.ts";

const test = needs("redis-server");

const redis = await shareRedis();
const { server } = redis;

function bench() {
  const client = new FakeRedis().connect();
  return { client, counts: new RedisWatcherCounts("test:", "node") };
}

test("RedisWatcherCounts.tell() writes the number of watchers", async () => {
  const { client, counts } = bench();
  await counts.tell("a", () => 2, client);
  assertEquals(client.done, ["a=2"]);
  assertEquals(counts.isOutdated, false);
});

test("RedisWatcherCounts.isOutdated is true after a refused write, until begin()", async () => {
  const { client, counts } = bench();
  client.before = () => {
    throw new ErrorReply("MISCONF Redis is configured to save RDB snapshots");
  };
  await counts.tell("a", () => 2, client);
  assertEquals(counts.isOutdated, true);
  counts.begin();
  assertEquals(counts.isOutdated, false);
});

test("RedisWatcherCounts.tell() rejects without a connection", async () => {
  const { client, counts } = bench();
  client.before = () => {
    throw new Error("lost");
  };
  await assertRejects(() => counts.tell("a", () => 2, client), Error, "lost");
  assertEquals(counts.isOutdated, false);
});

test("RedisStore.watch() works while Redis takes no writes, and counts all watchers later", async () => {
  using _log = captureLog();
  await using store = await openRedisStore(server, redis.prefix());
  await store.publish("a", {});
  await store.publish("b", {});
  await store.watch("b", 1);
  await server.command("CONFIG", "SET", "maxmemory", "1mb");
  try {
    await store.watch("a", 2);
    await store.watch("b", 0);
    assertEquals((await store.read("a")).offset, 1);
  } finally {
    await server.command("CONFIG", "SET", "maxmemory", "0");
  }
  await eventually(async () => (await store.read("a")).watchers === 2);
  assertEquals((await store.read("b")).watchers, 0);
});
