import { assertEquals } from "@std/assert";
import { answerOf } from "../support/answer.ts";
import { startTestServer, testApiKey } from "../support/server.ts";

const key = { Authorization: `Bearer ${testApiKey}` };

Deno.test("startServer() forbids caching and content sniffing of API answers", async () => {
  await using server = await startTestServer();
  for (
    const [path, method, status] of [
      ["/api/tasks/a/events", "POST", 201],
      ["/api/tasks/a/events", "GET", 200],
      ["/api/tasks/a", "GET", 200],
      ["/api/tasks", "GET", 200],
      ["/api/connections", "GET", 200],
      ["/api/stats", "GET", 200],
      ["/api/config", "GET", 200],
      ["/metrics", "GET", 200],
      ["/healthz", "GET", 200],
      ["/api/tasks/b", "GET", 404],
      ["/nowhere", "GET", 404],
    ] as const
  ) {
    const body = method === "POST" ? "{}" : null;
    const answer = await answerOf(
      fetch(server.origin + path, { method, headers: key, body }),
    );
    assertEquals(answer.status, status, path);
    assertEquals(
      [
        answer.headers.get("cache-control"),
        answer.headers.get("x-content-type-options"),
      ],
      ["no-store, no-transform", "nosniff"],
      path,
    );
  }
  const refused = await answerOf(fetch(`${server.origin}/api/tasks`));
  assertEquals([refused.status, refused.headers.get("cache-control")], [
    401,
    "no-store, no-transform",
  ]);
});

Deno.test("startServer() lets clients revalidate static files", async () => {
  await using server = await startTestServer();
  const { headers } = await answerOf(fetch(`${server.origin}/client.js`));
  assertEquals(headers.get("cache-control"), "no-cache, no-transform");
});
