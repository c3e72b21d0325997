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
import { listOf } from "../../../src/store/redis/redis_task.ts";
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
    if (!isOver) {
      await server.command("HSET", `${base}s:${id}`, "status", status);
    }
  };
  await add("a", "running", "2800000000000001");
  await add("b", "failed", "2800000000000017");
  await add("c", "running", "2800000000000033");
  for (let over = 0; over < 9; over++) {
    await add(`over ${over}`, "running", `280000000000002${over}`, true);
  }
  const list = async (...[status, below, count]: readonly string[]) => {
    const args = [base, "fresh", "run", status ?? "", below ?? "", count ?? ""];
    const [rest, ...listed] = listOf(
      await call(listScript, shardKeys(base), args),
    );
    assertEquals(rest, "");
    return parseListed(listed).map(({ changedAt, id }) => `${id} ${changedAt}`);
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

test("listScript looks at a limited number of tasks, and tells where to go on", async () => {
  const base = shardBase(redis.prefix(), 5);
  const lists = [`${base}l:one`, `${base}l:two`];
  const scoreOf = (index: number) => String(2_800_000_000_000_000 + index);
  await call({ text: addScript, sha: "" }, [], [base, "1300", scoreOf(0)]);
  // The tasks of both lists: one new, one old.
  for (const index of [1_290, 10]) {
    await server.command("ZADD", `${base}l:two`, scoreOf(index), `${index}`);
  }
  const found: string[] = [];
  let calls = 0;
  let below = "+inf";
  while (below !== "") {
    const args = [base, "fresh", "run", "-", below, "9", ...lists];
    const [rest, ...listed] = listOf(
      await call(listScript, shardKeys(base), args),
    );
    found.push(...parseListed(listed).map(({ id }) => id));
    below = String(rest);
    calls += 1;
  }
  assertEquals(found, ["1290", "10"]);
  assertEquals(calls, 3);
});

/** Adds tasks to list `one`, and other tasks to list `two`. */
const addScript = `
local base, count, first = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
for index = 1, count do
  local score = string.format('%.0f', first + index)
  for _, id in ipairs({ index, 'other ' .. index }) do
    redis.call('HSET', base .. 's:' .. id, 'status', 'running')
    redis.call('ZADD', base .. 'i:running', score, id)
  end
  redis.call('ZADD', base .. 'l:one', score, index)
  redis.call('ZADD', base .. 'l:two', score, 'other ' .. index)
end
`;

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
