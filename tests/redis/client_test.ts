import { assertEquals, assertRejects } from "@std/assert";
import { ErrorReply } from "@redis/client";
import { parseRedisUrl } from "../../src/redis/address.ts";
import { openRedisClient } from "../../src/redis/client.ts";
import { script } from "../../src/redis/script.ts";
import { needs } from "../support/needs.ts";
import { shareRedis } from "../support/shared_redis.ts";

const test = needs("redis-server");

const strange = "p@ss:w/o?r#d %25 报告🔑";
const { server } = await shareRedis({
  users: [
    "user default on nopass ~* &* +@all",
    `user ada:1 on #${await sha256(strange)} ~* &* +@all`,
  ],
});

async function sha256(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest(
    "SHA-256",
    new TextEncoder().encode(text),
  );
  return new Uint8Array(bytes).toHex();
}

async function open(url = server.url) {
  const address = parseRedisUrl(url);
  if (address === undefined) throw new TypeError(url);
  const client = await openRedisClient(address, {
    onLost: () => {},
    timeoutMs: 10_000,
    signal: new AbortController().signal,
  });
  return Object.assign(client, {
    [Symbol.dispose]: () => client.destroy(),
  });
}

const count = script(
  "local added = 0",
  "for _, by in ipairs(ARGV) do added = redis.call('INCRBY', KEYS[1], by) end",
  "return added",
);

test("openRedisClient() logs in with every character that a password can have", async () => {
  using client = await open(server.urlFor("ada:1", strange));
  assertEquals(await client.send("", ["ACL", "WHOAMI"]), "ada:1");
});

test("run() runs a script that Redis may have forgotten", async () => {
  using client = await open();
  for (const total of [3, 6, 9]) {
    assertEquals(await client.run(count, ["counted"], ["1", "2"]), total);
    if (total === 6) await server.command("SCRIPT", "FLUSH");
  }
  assertEquals(
    await server.command("SCRIPT", "EXISTS", count.sha),
    [1],
  );
});

test("run() runs scripts in their order, known or not", async () => {
  await server.command("SCRIPT", "FLUSH");
  using client = await open();
  const sums = await Promise.all(
    [1, 2, 3].map((by) => client.run(count, ["ordered"], [String(by)])),
  );
  assertEquals(sums, [1, 3, 6]);
});

test("run() rejects with the script's error", async () => {
  using client = await open();
  const wrong = script("return redis.call('HGET', KEYS[1], 'a')");
  await client.send("text", ["SET", "text", "a"]);
  await assertRejects(
    () => client.run(wrong, ["text"], []),
    ErrorReply,
    "WRONGTYPE",
  );
});

test("info() returns the facts about Redis", async () => {
  using client = await open();
  const info = await client.info();
  assertEquals(info.get("tcp_port"), String(server.port));
  assertEquals(info.get("aof_enabled"), "1");
});

test("subscribe() has nothing to do for nothing", async () => {
  using client = await open();
  await client.subscribe([], () => {});
  const taken: string[] = [];
  const take = (message: string) => void taken.push(message);
  await client.subscribe(["news"], take);
  await client.send("news", ["PUBLISH", "news", "a"]);
  await client.unsubscribe("news", take);
  await client.send("news", ["PUBLISH", "news", "b"]);
  assertEquals(taken, ["a"]);
});
