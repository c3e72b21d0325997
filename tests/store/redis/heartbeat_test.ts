import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parseRedisUrl } from "../../../src/redis/address.ts";
import {
  shardBase,
  shardOf,
  watchersKey,
} from "../../../src/store/redis/keys.ts";
import { StoreRedis } from "../../../src/store/redis/store_redis.ts";
import { RedisPublisher } from "../../../src/store/redis/publisher.ts";
import { RedisHeartbeat } from "../../../src/store/redis/heartbeat.ts";
import { tellScript } from "../../../src/store/redis/shard_scripts.ts";
import { nameTask } from "../../../src/store/redis/redis_task.ts";
import type { Change } from "../../../src/tasks/state.ts";
import { captureLog } from "../../support/captured_log.ts";
import { needs } from "../../support/needs.ts";
import { ageRedis, redisRetention } from "../../support/redis_store.ts";
import { shareRedis } from "../../support/shared_redis.ts";
import { outcomeOf } from "../store_contract_bench.ts";

const test = needs("redis-server");

const redis = await shareRedis();
const { server } = redis;

/** A publisher, and nodes with heartbeats sent by the test. */
async function bench() {
  const prefix = redis.prefix();
  const address = parseRedisUrl(server.url);
  if (address === undefined) throw new TypeError(server.url);
  const link = new StoreRedis(address, {
    open: (_client, _run, commit) => Promise.resolve(commit()),
    tick: () => Promise.resolve(),
  });
  await link.start();
  const { client } = link;
  assert(client);
  const publisher = new RedisPublisher(
    link,
    (id) => nameTask(prefix, 0, "run", id),
    "publisher",
    redisRetention,
  );
  const ended: string[] = [];
  const unknown: string[] = [];
  return {
    prefix,
    ended,
    unknown,
    node(
      name: string,
      onEnd = () => Promise.resolve(),
      isListening = () => false,
    ) {
      const heartbeat = new RedisHeartbeat({
        prefix,
        node: name,
        historyTtlMs: redisRetention.historyTtlMs,
        isListening,
        onUnknown: (shard) =>
          Promise.resolve(void unknown.push(`${name} ${shard}`)),
        onLeaseEnd(id, byMs) {
          assert(Math.abs(byMs - Date.now()) < 60_000);
          ended.push(`${name} ${id}`);
          return onEnd();
        },
      });
      return {
        begin: () => heartbeat.begin(client, "run"),
        send: (canWork = true) => heartbeat.send(client, "run", canWork),
        end: () => heartbeat.end(client),
        listen: () => heartbeat.listen(client, "run"),
        watch: (id: string, watchers: number) =>
          client.run(
            tellScript,
            [watchersKey(shardBase(prefix, shardOf(id)), name)],
            [id, String(watchers), "10000"],
          ),
      };
    },
    publish: async (id: string, change: Change = {}) =>
      outcomeOf(
        "stored",
        await publisher.publish({ taskId: id, change }),
      ),
    /** The ends of the shards' times in which topics are announced. */
    async listens(): Promise<number[]> {
      const keys = await server.command("KEYS", `${prefix}*}:shard`);
      return await Promise.all(
        (keys as string[]).map(async (key) =>
          Number(await server.command("HGET", key, "listen"))
        ),
      );
    },
    /** The keys, without the prefix. */
    async keys() {
      const keys = await server.command("KEYS", `${prefix}*`) as string[];
      return keys.map((key) => key.slice(prefix.length)).sort();
    },
    [Symbol.asyncDispose]: () => link.close(),
  };
}

/** Ended long ago, for any clock. */
const shortLease = { lease: -30 };

test("RedisHeartbeat.send() makes the watchers on all nodes count", async () => {
  using _log = captureLog();
  await using test = await bench();
  const [one, two] = [test.node("one"), test.node("two")];
  await one.begin();
  await two.begin();
  assertEquals((await test.publish("a")).delivered, 0);
  await one.watch("a", 2);
  await two.watch("a", 3);
  await two.watch("b", 1);
  assertEquals((await test.publish("a")).delivered, 5);
  assertEquals((await test.publish("b")).delivered, 1);
  await two.watch("a", 0);
  assertEquals((await test.publish("a")).delivered, 2);
  await one.end();
  assertEquals((await test.publish("a")).delivered, 0);
  assertEquals((await test.publish("b")).delivered, 1);
});

test("RedisHeartbeat.send() keeps a node known; a silent node does not count, and is notified", async () => {
  using _log = captureLog();
  await using test = await bench();
  const [silent, busy] = [test.node("silent"), test.node("busy")];
  for (const node of [silent, busy]) {
    await node.begin();
    await node.watch("a", 1);
  }
  for (let count = 0; count < 3; count++) {
    await ageRedis(server, test.prefix, 6_000);
    await busy.send();
  }
  assertEquals(test.unknown, []);
  assertEquals((await test.publish("a")).delivered, 1);
  // Known again only by the next number, the node would count with too few
  // watchers.
  await silent.watch("b", 1);
  await silent.send();
  assertEquals(test.unknown.length, 16);
  assertEquals(new Set(test.unknown).size, 16);
  await silent.watch("a", 1);
  assertEquals((await test.publish("a")).delivered, 2);
  await silent.send();
  assertEquals(test.unknown.length, 16);
});

test("RedisHeartbeat.send() keeps events announced to topics while the node listens", async () => {
  using _log = captureLog();
  await using test = await bench();
  let isListening = true;
  const node = test.node("one", undefined, () => isListening);
  await node.begin();
  await node.listen();
  for (let count = 0; count < 3; count++) {
    await ageRedis(server, test.prefix, 9_000);
    await node.send();
  }
  const ends = await test.listens();
  assertEquals(ends.length, 16);
  assert(ends.every((end) => end > Date.now() + 15_000));
  isListening = false;
  await node.send();
  assertEquals(await test.listens(), ends);
  // Publishers still ask for subscribers when the node counts as unknown.
  await ageRedis(server, test.prefix, 11_000);
  assert((await test.listens()).every((end) => end > Date.now()));
  await node.send();
  assertEquals(test.unknown.length, 16);
});

test("RedisHeartbeat.begin() clears the node's numbers", async () => {
  using _log = captureLog();
  await using test = await bench();
  const node = test.node("one");
  await node.begin();
  await node.watch("a", 7);
  await node.begin();
  assertEquals((await test.publish("a")).delivered, 0);
  await node.watch("a", 1);
  assertEquals((await test.publish("a")).delivered, 1);
  await node.send();
  assertEquals(test.unknown, []);
});

test("RedisHeartbeat.send() gives an expired lease to a single node, for a while", async () => {
  using log = captureLog();
  await using test = await bench();
  const failing = test.node("failing", () => Promise.reject(new Error("no")));
  const other = test.node("other");
  await test.publish("a", shortLease);
  await test.publish("b", { lease: 1_000 });
  // No publish can use a connection still being prepared.
  await failing.begin();
  await failing.send(false);
  assertEquals(test.ended, []);
  await failing.send();
  await other.send();
  assertEquals(test.ended, ["failing a"]);
  await log.wrote("Could not mark a task as lost");
  assertStringIncludes(log.text, '"connectionId":"a"');
  // After 5 seconds the lease is due again, for the node that failed to store
  // the loss.
  await server.command(
    "ZADD",
    `${shardBase(test.prefix, shardOf("a"))}leases`,
    "XX",
    "1",
    "a",
  );
  await Promise.all([failing.send(), other.send()]);
  assertEquals(test.ended.length, 2);
});

test("RedisHeartbeat.send() finds no renewed lease, and no lease of an ended task", async () => {
  using _log = captureLog();
  await using test = await bench();
  for (
    const next of [{ lease: 1_000 }, {}, { status: "succeeded" }, {
      kind: "lost",
      offset: 1,
    }] as const
  ) {
    const id = JSON.stringify(next);
    await test.publish(id, shortLease);
    await test.publish(id, next);
  }
  await test.node("one").send();
  assertEquals(test.ended, []);
});

test("RedisHeartbeat.send() removes all traces of expired tasks", async () => {
  using _log = captureLog();
  await using test = await bench();
  const node = test.node("one");
  await node.begin();
  const constant = await test.keys();
  const statuses = ["queued", "running", "failed", "canceled"] as const;
  for (let count = 0; count < 2_000; count++) {
    await test.publish(`task-${count}`, {
      event_id: "one",
      status: statuses[count % 4],
      ...(count % 3 === 0 ? { lease: 100_000 } : {}),
    });
  }
  await ageRedis(server, test.prefix, redisRetention.historyTtlMs * 2);
  await test.publish("young");
  await node.send();
  const base = `{${shardOf("young")}}:`;
  const shards = Array.from({ length: 16 }, (_, index) => `{${index}}:shard`);
  assertEquals(
    await test.keys(),
    [
      ...new Set([
        ...constant,
        ...shards,
        `${base}s:young`,
        `${base}h:young`,
        `${base}i:running`,
      ]),
    ].sort(),
  );
  assertEquals(test.ended, []);
});

test("RedisHeartbeat.end() removes the node", async () => {
  using _log = captureLog();
  await using test = await bench();
  const node = test.node("one");
  await node.begin();
  await node.watch("a", 1);
  assert((await test.keys()).some((key) => key.includes("one")));
  await node.end();
  assertEquals(await test.keys(), []);
});
