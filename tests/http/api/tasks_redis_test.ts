import { assertEquals } from "@std/assert";
import { answerOf } from "../../support/answer.ts";
import { needs } from "../../support/needs.ts";
import { RedisServer } from "../../support/redis_server.ts";
import { startTestServer, testApiKey } from "../../support/server.ts";

const test = needs("redis-server");

test("GET tasks continues from a cursor over Redis", async () => {
  await using redis = await RedisServer.start();
  await using server = await startTestServer({ config: { store: redis.url } });
  const { store } = server.services;
  for (const id of ["a", "b", "c", "d", "e"]) await store.publish(id, {});
  const found: unknown[] = [];
  let query = "?limit=2";
  for (;;) {
    const { status, json } = await answerOf(
      fetch(`${server.origin}/api/tasks${query}`, {
        headers: { Authorization: `Bearer ${testApiKey}` },
      }),
    );
    assertEquals(status, 200);
    const { tasks, cursor } = json();
    found.push(
      (tasks as { connection_id: string }[])
        .map(({ connection_id }) => connection_id),
    );
    if (cursor === undefined) break;
    query = `?limit=2&cursor=${cursor}`;
  }
  assertEquals(found, [["e", "d"], ["c", "b"], ["a"]]);
});
