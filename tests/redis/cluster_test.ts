import { assertEquals, assertRejects } from "@std/assert";
import slotOf from "cluster-key-slot";
import { parseRedisUrl } from "../../src/redis/address.ts";
import { openCluster } from "../../src/redis/cluster.ts";
import {
  shardBase,
  shardCount,
  shardOf,
  taskKeys,
} from "../../src/store/redis/keys.ts";
import { StoreDisconnectedError } from "../../src/tasks/store.ts";
import { Announcements } from "../support/announcements.ts";
import { captureLog } from "../support/captured_log.ts";
import { closedOrigin } from "../support/closed_origin.ts";
import { deadline } from "../support/deadline.ts";
import { needs } from "../support/needs.ts";
import { ageRedis, openRedisStore } from "../support/redis_store.ts";
import { shareRedisCluster } from "../support/shared_redis.ts";
import { redisCommands, redisRights } from "../support/redis_rights.ts";
import { RedisCluster, slotCount } from "../support/redis_cluster.ts";
import { testStoreContract } from "../store/store_contract.ts";
import { outcomeOf } from "../store/store_contract_bench.ts";

const test = needs("redis-server");

const redis = await shareRedisCluster();
const { server } = redis;

testStoreContract("RedisStore on a Cluster", async (retention, announce) => {
  const prefix = redis.prefix();
  const store = await openRedisStore(server, prefix, announce, retention);
  return {
    store,
    elapse: (ms) => ageRedis(server, prefix, ms),
    [Symbol.asyncDispose]: () => store.close(),
  };
}, test);

const options = {
  onLost: () => {},
  timeoutMs: 10_000,
  signal: new AbortController().signal,
};

function addressOf(url: string) {
  const address = parseRedisUrl(url);
  if (address === undefined) throw new TypeError(url);
  return address;
}

test("openCluster() connects to each master, and finds the master of a key", async () => {
  const cluster = await openCluster(addressOf(server.url), options);
  assertEquals(cluster.connections.length, 3);
  const used = new Set();
  for (let shard = 0; shard < shardCount; shard++) {
    const [key = ""] = taskKeys(shardBase("app:", shard), "a");
    const connection = cluster.connectionOf(key);
    await connection.send(["SET", key, "a"]); // otherwise Redis would answer MOVED
    used.add(connection);
  }
  assertEquals(used.size, 3);
  for (const connection of cluster.connections) connection.destroy();
});

test("openCluster() asks the next host if the first is down", async () => {
  const { port = 0 } = server.nodes[2] ?? {};
  const away = new URL(closedOrigin()).host;
  const url = `redis://${away},127.0.0.1:${port}?cluster`;
  const cluster = await openCluster(addressOf(url), options);
  assertEquals(cluster.connections.length, 3);
  for (const connection of cluster.connections) connection.destroy();
  await assertRejects(
    () => openCluster(addressOf(`redis://${away}?cluster`), options),
    Error,
    "ECONNREFUSED",
  );
});

test("openCluster() is for a user with few rights, too", async () => {
  const prefix = redis.prefix();
  const rights = redisRights(prefix, [...redisCommands, "cluster|slots"]);
  await server.command("ACL", "SETUSER", "ada", "on", ">secret", ...rights);
  const url = server.url.replace("//", "//ada:secret@");
  await using store = await openRedisStore({ url }, prefix);
  for (let count = 0; count < 40; count++) {
    await store.watch(`task-${count}`, 1);
    await store.publish(`task-${count}`, { event_id: "one" });
  }
  assertEquals((await store.list({ limit: 99 })).states.length, 40);
  for (const node of server.nodes) {
    assertEquals(await node.command("ACL", "LOG"), []);
  }
});

test("a Cluster announces changes by other processes, from every master", async () => {
  const prefix = redis.prefix();
  const announced = new Announcements();
  await using one = await openRedisStore(server, prefix, announced.take);
  await using two = await openRedisStore(server, prefix);
  const ids = Array.from({ length: 40 }, (_, index) => `task-${index}`);
  await Promise.all(ids.map((id) => one.watch(id, 1)));
  await Promise.all(ids.map((id) => two.publish(id, {})));
  for (const id of ids) {
    assertEquals(outcomeOf("stored", await two.publish(id, {})).delivered, 1);
    assertEquals(await announced.until(id, 2), [1, 2]);
  }
  await Promise.all(ids.map((id) => one.watch(id, 0)));
  await Promise.all(ids.map((id) => two.publish(id, {})));
  assertEquals((await two.list({ limit: 99 })).states.length, ids.length);
  assertEquals(announced.all.length, 2 * ids.length);
});

test("a Cluster announces changes of a followed topic, from every master, and each once", async () => {
  const prefix = redis.prefix();
  const announced = new Announcements();
  await using one = await openRedisStore(server, prefix, announced.take);
  await using two = await openRedisStore(server, prefix);
  const ids = Array.from({ length: 40 }, (_, index) => `task-${index}`);
  await one.follow("label:rows", true);
  await Promise.all(ids.map((id) => two.publish(id, { labels: ["rows"] })));
  await announced.untilTold(ids.length);
  // The end of each follows the start, though masters are not in step.
  await Promise.all(ids.map((id) => two.forget(id)));
  await announced.untilTold(2 * ids.length);
  const told = announced.ofTopics.map((announcement) =>
    announcement.kind === "topic_changed"
      ? announcement.state.snapshot.connection_id
      : announcement.kind === "topic_deleted" && announcement.taskId
  );
  assertEquals(told.slice(0, ids.length).sort(), ids.toSorted());
  assertEquals(told.slice(ids.length).sort(), ids.toSorted());
  await one.follow("label:rows", false);
  await Promise.all(ids.map((id) => two.publish(id, { labels: ["rows"] })));
  await one.read("a");
  assertEquals(announced.ofTopics.length, 2 * ids.length);
});

test("a Cluster with a killed master is unavailable, and returns with new epochs", async () => {
  using _log = captureLog();
  await using own = await RedisCluster.start();
  const announced = new Announcements();
  await using store = await openRedisStore(own, "app:", announced.take);
  const ids = Array.from({ length: 40 }, (_, index) => `task-${index}`);
  for (const id of ids) {
    await store.watch(id, 1);
    await store.publish(id, {});
    await store.read(id);
  }
  const readAll = () => Promise.all(ids.map((id) => store.read(id)));
  const before = await readAll();
  const [dead] = own.nodes;
  await dead?.kill();
  const { restored } = await assertRejects(async () => {
    for (;;) await readAll();
  }, StoreDisconnectedError);
  await dead?.restart();
  await deadline(restored, () => "not restored");
  const after = await readAll();
  // The first of three has the first third of the slots.
  const isOfDead = ids.map((id) =>
    slotOf(shardBase("app:", shardOf(id))) < Math.floor(slotCount / 3)
  );
  assertEquals(new Set(isOfDead).size, 2);
  assertEquals(
    after.map(({ epoch }, index) => epoch !== before[index]?.epoch),
    isOfDead,
  );
  for (const [index, id] of ids.entries()) {
    const next = outcomeOf("stored", await store.publish(id, {})).event.offset;
    const expected = isOfDead[index] ? [1, "missed", next] : [1, 2];
    assertEquals(await announced.until(id, expected.length), expected);
  }
});
