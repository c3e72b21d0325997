import { assertEquals } from "@std/assert";
import { rawRequest } from "../support/raw_request.ts";
import { startTestServer, testApiKey } from "../support/server.ts";

Deno.test("taskRoutes() answers 408 to a body that stops arriving, and closes the connection", async () => {
  await using server = await startTestServer({
    config: { idleTimeoutSeconds: 1 },
  });
  const one = "/api/tasks/a/events";
  for (
    const [path, ...body] of [
      [one, "Content-Length: 20", "", '{"pro'],
      [one, "Transfer-Encoding: chunked", "", '5\r\n{"pro\r\n'],
      ["/api/events", "Content-Length: 200", "", '{"connection_id":"a"}\n{"'],
    ] as const
  ) {
    const answer = await rawRequest(
      server.origin,
      `POST ${path} HTTP/1.1`,
      "Host: h",
      `Authorization: Bearer ${testApiKey}`,
      ...body,
    );
    assertEquals([answer.status, JSON.parse(answer.body).code], [
      408,
      "body_timeout",
    ]);
    assertEquals(answer.headers.get("connection"), "close");
  }
  const { state } = await server.services.store.read("a");
  assertEquals(state, undefined);
});
