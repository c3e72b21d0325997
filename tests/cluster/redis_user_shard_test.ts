import { assertEquals } from "@std/assert";
import { RedisUserShard } from "../../src/cluster/redis_user_shard.ts";
import { captureLog } from "../support/captured_log.ts";
import { needs } from "../support/needs.ts";
import { TestRedisChannel } from "../support/redis_channel.ts";
import { RedisServer } from "../support/redis_server.ts";

const test = needs("redis-server");

const base = "test:{1}:";

/** A Redis, and nodes on separate connections. */
async function startNodes(timeoutMs = 30_000, lifeMs = 10_000) {
  await using stack = new AsyncDisposableStack();
  const redis = stack.use(await RedisServer.start());
  const channels: TestRedisChannel[] = [];
  const shards: RedisUserShard[] = [];
  for (const node of ["a", "b"]) {
    const channel = stack.use(await TestRedisChannel.open(redis.url));
    channels.push(channel);
    const options = { channel, base, node, timeoutMs, lifeMs };
    shards.push(new RedisUserShard(options));
  }
  const [channel, otherChannel] = channels;
  const [one, other] = shards;
  if (!channel || !otherChannel || !one || !other) throw new Error("No nodes");
  const kept = stack.move();
  return {
    redis,
    channel,
    otherChannel,
    one,
    other,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

test("RedisUserShard.count() returns the sum of all nodes' last counts", async () => {
  await using nodes = await startNodes();
  const { one, other } = nodes;
  assertEquals(await one.count("42", 1), 1);
  assertEquals(await other.count("42", 2), 3);
  assertEquals(await other.count("43", 1), 1);
  assertEquals(await other.count("42", 2), 3); // an absolute number, not a change
  assertEquals(await other.count("42", 0), 1);
  assertEquals(await one.count("42", 1), 1);
});

test("RedisUserShard.count() adds the number given to the sum of other nodes", async () => {
  await using nodes = await startNodes();
  const { one, other } = nodes;
  await other.count("42", 5);
  assertEquals(
    await Promise.all([1, 2, 3].map((here) => one.count("42", here))),
    [6, 7, 8],
  );
  assertEquals(await other.count("42", 1), 4);
});

test("RedisUserShard.count() tells at least one of two concurrent nodes about the other", async () => {
  await using nodes = await startNodes();
  const { one, other } = nodes;
  const users = Array.from({ length: 200 }, (_, index) => `user_${index}`);
  const sums = await Promise.all(
    users.map((userId) =>
      Promise.all([one.count(userId, 1), other.count(userId, 1)])
    ),
  );
  assertEquals(sums.filter((pair) => !pair.includes(2)), []);
});

test("RedisUserShard.count() writes all counts again if Redis has lost them", async () => {
  await using nodes = await startNodes();
  const { one, other, redis } = nodes;
  await one.count("42", 1);
  await one.count("43", 1);
  await redis.flush();
  await one.count("43", 1);
  assertEquals(await other.count("42", 1), 2);
});

test("RedisUserShard.heartbeat() writes any number of counts again if Redis has lost them", async () => {
  await using nodes = await startNodes();
  const { one, other, redis } = nodes;
  const users = Array.from({ length: 1_201 }, (_, index) => `user_${index}`);
  await Promise.all(users.map((userId) => one.count(userId, 1)));
  await redis.flush();
  await one.heartbeat();
  assertEquals(await redis.command("HLEN", `${base}u:a`), users.length);
  assertEquals(await other.count("user_1200", 1), 2);
});

test("RedisUserShard.heartbeat() sends nothing without users", async () => {
  await using nodes = await startNodes();
  const { one, channel } = nodes;
  await channel[Symbol.asyncDispose]();
  using captured = captureLog();
  await one.heartbeat();
  assertEquals(captured.text, "");
});

test("RedisUserShard.count() returns only this node's count during an outage, and writes all counts afterwards", async () => {
  await using nodes = await startNodes();
  const { one, other, redis, channel, otherChannel } = nodes;
  await one.count("42", 1);
  await one.count("43", 1);
  await other.count("42", 1);
  await redis.kill();
  await Promise.all([channel.lost, otherChannel.lost]);
  assertEquals(await one.count("43", 0), 0);
  assertEquals(await one.count("42", 2), 2);
  await one.heartbeat();
  assertEquals(await one.count("44", 1), 1);
  await redis.restart();
  await channel.reconnect();
  await otherChannel.reconnect();
  await one.heartbeat();
  assertEquals(await redis.command("HLEN", `${base}u:a`), 2);
  assertEquals(await other.count("42", 1), 3);
  assertEquals(await other.count("43", 1), 1);
  assertEquals(await one.count("42", 1), 2);
});

test("RedisUserShard.count() waits no longer for a Redis that does not answer", async () => {
  await using nodes = await startNodes(1);
  const { one, redis } = nodes;
  redis.pause();
  assertEquals(await one.count("42", 1), 1);
  assertEquals(await one.count("43", 1), 1);
  redis.resume();
  while (await redis.command("HLEN", `${base}u:a`) !== 2) await one.heartbeat();
});

test("RedisUserShard.count() leaves out a node that gives no sign of life", async () => {
  await using nodes = await startNodes(30_000, 300);
  const { one, other } = nodes;
  await one.count("42", 1);
  assertEquals(await other.count("42", 1), 2);
  while (await other.count("42", 1) !== 1); // until expiry
});
