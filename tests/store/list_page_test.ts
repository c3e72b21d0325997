import { assertEquals, assertLess } from "@std/assert";
import { maxPageLength, takePage } from "../../src/store/list_page.ts";
import { answerOf } from "../support/answer.ts";
import { needs } from "../support/needs.ts";
import { startTestServer, testApiKey } from "../support/server.ts";
import { shareRedis } from "../support/shared_redis.ts";
import { makeTempDir } from "../support/temp_dir.ts";

Deno.test("takePage() ends at the limit of tasks, and says whether tasks are left", () => {
  const one = () => 1;
  assertEquals(takePage([1, 2], 2, one), { page: [1, 2], hasMore: false });
  assertEquals(takePage([1, 2, 3], 2, one), { page: [1, 2], hasMore: true });
});

Deno.test("takePage() ends once the states are long, but takes at least one task", () => {
  const half = () => maxPageLength / 2;
  assertEquals(takePage([1, 2, 3], 9, half), { page: [1, 2], hasMore: true });
  const long = () => 2 * maxPageLength;
  assertEquals(takePage([1, 2], 9, long), { page: [1], hasMore: true });
});

const redis = await shareRedis();

for (
  const [kind, register] of [
    ["memory:", Deno.test],
    ["sqlite:", Deno.test],
    ["redis:", needs("redis-server")],
  ] as const
) {
  register(
    `GET /api/tasks over ${kind} bounds its bytes, and the cursor goes on`,
    async () => {
      await using directory = await makeTempDir();
      const store = {
        "memory:": kind,
        "sqlite:": `sqlite:${directory.path}/t.db`,
        "redis:": redis.server.url,
      }[kind];
      await using server = await startTestServer({ config: { store } });
      const data = "x".repeat(60_000);
      for (let index = 0; index < 50; index++) {
        await answerOf(
          server.publish(`t${index}`, { data, status: "running" }),
        );
      }
      const ids: string[] = [];
      const sizes: number[] = [];
      let cursor = "";
      do {
        const { json, text } = await answerOf(fetch(
          `${server.origin}/api/tasks?status=running&limit=1000${cursor}`,
          { headers: { Authorization: `Bearer ${testApiKey}` } },
        ));
        sizes.push(text.length);
        const page = json() as {
          tasks: { connection_id: string }[];
          cursor?: string;
        };
        ids.push(...page.tasks.map(({ connection_id }) => connection_id));
        cursor = page.cursor ? `&cursor=${page.cursor}` : "";
      } while (cursor);
      assertEquals(
        ids,
        Array.from({ length: 50 }, (_, index) => `t${49 - index}`),
      );
      assertEquals(sizes.length, 2);
      for (const size of sizes) assertLess(size, maxPageLength + 100_000);
    },
  );
}
