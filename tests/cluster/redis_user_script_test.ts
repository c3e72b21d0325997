import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { tellUsersScript } from "../../src/cluster/redis_user_script.ts";
import { needs } from "../support/needs.ts";
import { TestRedisChannel } from "../support/redis_channel.ts";
import { RedisServer } from "../support/redis_server.ts";

const test = needs("redis-server");

/** Tells as a node, of users and counts by turns. */
function tell(
  channel: TestRedisChannel,
  node: string,
  isAnew: boolean,
  ...pairs: readonly (string | number)[]
): Promise<unknown> {
  return channel.run(tellUsersScript, [`{1}:u:${node}`, "{1}:users"], [
    node,
    "{1}:u:",
    "10000",
    isAnew ? "1" : "0",
    ...pairs.map(String),
  ]);
}

test("tellUsersScript keeps each node's counts, and sums the counts of other nodes", async () => {
  await using server = await RedisServer.start();
  await using channel = await TestRedisChannel.open(server.url);
  assertEquals(await tell(channel, "a", false, "42", 2, "43", 1), [0, 0, 0]);
  assertEquals(await tell(channel, "b", false, "43", 5, "42", 1), [0, 1, 2]);
  assertEquals(await tell(channel, "c", false, "42", 1), [0, 3]);
  // The argument is a number, not a change.
  assertEquals(await tell(channel, "a", false, "42", 2), [1, 2]);
  assertEquals(await tell(channel, "a", false, "42", 0), [1, 2]);
  assertEquals(await tell(channel, "b", false, "42", 1), [1, 1]);
  assertEquals(await tell(channel, "a", true, "44", 1), [1, 0]);
  assertEquals(await tell(channel, "c", false, "43", 0), [1, 5]);
});

test("tellUsersScript lets all counts expire without a renewal", async () => {
  await using server = await RedisServer.start();
  await using channel = await TestRedisChannel.open(server.url);
  await tell(channel, "a", false, "42", 1);
  for (const key of ["{1}:u:a", "{1}:users"]) {
    await server.command("PEXPIRE", key, "5000");
    assertEquals(await tell(channel, "a", false), [1]);
    const lifeMs = Number(await server.command("PTTL", key));
    assert(lifeMs > 5_000);
    assertLessOrEqual(lifeMs, 10_000);
  }
});

test("tellUsersScript removes a node with expired counts", async () => {
  await using server = await RedisServer.start();
  await using channel = await TestRedisChannel.open(server.url);
  await tell(channel, "a", false, "42", 1);
  await tell(channel, "b", false, "42", 1);
  await server.command("DEL", "{1}:u:a"); // as Redis does on expiry
  assertEquals(await tell(channel, "b", false, "42", 1), [1, 0]);
  assertEquals(await server.command("SMEMBERS", "{1}:users"), ["b"]);
});

test("tellUsersScript leaves no keys without connections", async () => {
  await using server = await RedisServer.start();
  await using channel = await TestRedisChannel.open(server.url);
  await tell(channel, "a", false, "42", 1);
  await tell(channel, "a", false, "42", 0);
  assertEquals(await server.command("KEYS", "*"), []);
});
