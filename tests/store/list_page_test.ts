import { assertEquals, assertLess } from "@std/assert";
import { maxPageLength, takePage } from "../../src/store/list_page.ts";
import { answerOf } from "../support/answer.ts";
import { startTestServer, testApiKey } from "../support/server.ts";
import { makeTempDir } from "../support/temp_dir.ts";

Deno.test("takePage() ends at the limit of tasks, and says whether tasks are left", () => {
  const one = () => 1;
  assertEquals(takePage([1, 2], 2, one), { page: [1, 2], hasMore: false });
  assertEquals(takePage([1, 2, 3], 2, one), { page: [1, 2], hasMore: true });
});

Deno.test("takePage() ends once its states are long, and never before one task", () => {
  const half = () => maxPageLength / 2;
  assertEquals(takePage([1, 2, 3], 9, half), { page: [1, 2], hasMore: true });
  const long = () => 2 * maxPageLength;
  assertEquals(takePage([1, 2], 9, long), { page: [1], hasMore: true });
});

for (const kind of ["memory:", "sqlite:"] as const) {
  Deno.test(`GET /api/tasks over ${kind} bounds its bytes, and the cursor goes on`, async () => {
    await using directory = await makeTempDir();
    await using server = await startTestServer({
      config: {
        store: kind === "memory:" ? kind : `${kind}${directory.path}/t.db`,
      },
    });
    const data = "x".repeat(60_000);
    for (let index = 0; index < 50; index++) {
      await answerOf(server.publish(`t${index}`, { data, status: "running" }));
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
  });
}
