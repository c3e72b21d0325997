import { assertEquals } from "@std/assert";
import { joinRedis } from "../../src/cluster/join_redis.ts";
import type { Answer } from "../../src/cluster/other_nodes.ts";
import { needs } from "../support/needs.ts";
import { RedisServer } from "../support/redis_server.ts";
import { openRedisStore } from "../support/redis_store.ts";

const test = needs("redis-server");

const answer = (isFound: boolean): Promise<Answer> =>
  Promise.resolve({ kind: "disconnect", isFound });

test("joinRedis() asks the other nodes, counts users and nodes", async () => {
  await using redis = await RedisServer.start();
  await using first = await openRedisStore(redis, "test:");
  await using second = await openRedisStore(redis, "test:");
  const nodes = [first, second].map((store, index) =>
    joinRedis(store, "test:", () => answer(index === 1))
  );
  for (const node of nodes) await node.start();
  const [one, other] = nodes;
  assertEquals(await one?.ask({ kind: "disconnect", id: "x" }), {
    answers: [{ kind: "disconnect", isFound: true }],
    silent: 0,
  });
  assertEquals(await one?.countUser("7", 2), 2);
  assertEquals(await other?.countUser("7", 1), 3);
  assertEquals(await first.countNodes(), 2);
  for (const node of nodes) node.stop();
});

for (
  const [what, prefix, database] of [
    ["prefix", "two:", ""],
    ["database", "one:", "/1"],
  ] as const
) {
  test(`joinRedis() keeps nodes with another ${what} apart`, async () => {
    await using redis = await RedisServer.start();
    await using first = await openRedisStore(redis, "one:");
    const url = redis.url + database;
    await using second = await openRedisStore({ url }, prefix);
    const [one, other] = [
      joinRedis(first, "one:", () => answer(true)),
      joinRedis(second, prefix, () => answer(true)),
    ];
    await one.start();
    await other.start();
    assertEquals(await one.ask({ kind: "disconnect", id: "x" }), {
      answers: [],
      silent: 0,
    });
    await one.countUser("7", 2);
    assertEquals(await other.countUser("7", 1), 1);
    one.stop();
    other.stop();
  });
}
