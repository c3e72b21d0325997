import { assertEquals } from "@std/assert";
import {
  shardBase,
  shardKeys,
  watchersKey,
} from "../../../src/store/redis/keys.ts";
import { parseListed } from "../../../src/store/redis/listing.ts";
import {
  leaveScript,
  listScript,
  tellScript,
} from "../../../src/store/redis/shard_scripts.ts";
import type { RedisScript } from "../../../src/redis/script.ts";
import { needs } from "../../support/needs.ts";
import { shareRedis } from "../../support/shared_redis.ts";

const test = needs("redis-server");

const redis = await shareRedis();
const { server } = redis;

async function call(
  { text }: RedisScript,
  keys: readonly string[],
  args: readonly string[],
) {
  return await server.command(
    ...["EVAL", text, String(keys.length), ...keys, ...args],
  );
}

test("listScript lists existing tasks, newest change first, up to the limit", async () => {
  const base = shardBase(redis.prefix(), 5);
  const add = async (
    id: string,
    status: string,
    score: string,
    isOver = false,
  ) => {
    await server.command("ZADD", `${base}i:${status}`, score, id);
    if (!isOver) await server.command("HSET", `${base}s:${id}`, "epoch", "one");
  };
  await add("a", "running", "2800000000000001");
  await add("b", "failed", "2800000000000017");
  await add("c", "running", "2800000000000033");
  for (let over = 0; over < 9; over++) {
    await add(`over ${over}`, "running", `280000000000002${over}`, true);
  }
  const list = async (...[status, below, count]: readonly string[]) => {
    const args = [base, "fresh", "run", status ?? "", below ?? "", count ?? ""];
    const listed = parseListed(await call(listScript, shardKeys(base), args));
    return listed.map(({ changedAt, id }) => `${id} ${changedAt}`);
  };
  const [a, b, c] = [
    "a 2800000000000001",
    "b 2800000000000017",
    "c 2800000000000033",
  ];
  assertEquals(await list("-", "+inf", "9"), [c, b, a]);
  assertEquals(await list("-", "+inf", "2"), [c, b]);
  assertEquals(await list("-", "2800000000000033", "2"), [b, a]);
  assertEquals(await list("running", "+inf", "2"), [c, a]);
  assertEquals(await list("lost", "+inf", "2"), []);
});

test("tellScript sets the number of watchers of a node that expires", async () => {
  const key = watchersKey(shardBase(redis.prefix(), 5), "node");
  const tell = (watchers: string, patienceMs: string) =>
    call(tellScript, [key], ["a", watchers, patienceMs]);
  await tell("2", "50000");
  assertEquals(await server.command("HGET", key, "a"), "2");
  const left = Number(await server.command("PTTL", key));
  assertEquals(left > 40_000 && left <= 50_000, true);
  // The heartbeat extends the lifetime.
  await tell("3", "900000");
  assertEquals(Number(await server.command("PTTL", key)) <= left, true);
  await tell("0", "50000");
  assertEquals(await server.command("EXISTS", key), 0);
});

test("leaveScript does not affect other nodes", async () => {
  await server.command("SADD", "nodes", "one", "two");
  await server.command("MSET", "one", "1", "two", "2");
  await call(leaveScript, ["nodes", "one", "missing"], ["one"]);
  assertEquals(await server.command("SMEMBERS", "nodes"), ["two"]);
  assertEquals(await server.command("EXISTS", "one", "two"), 1);
});
