import { assertEquals } from "@std/assert";
import { rawRequest } from "../support/raw_request.ts";
import { startTestServer, testApiKey } from "../support/server.ts";

Deno.test("taskRoutes() answers 408 to a body that stops arriving, and ends the connection", async () => {
  await using server = await startTestServer({
    config: { idleTimeoutSeconds: 1 },
  });
  for (
    const body of [
      ["Content-Length: 20", "", '{"pro'],
      ["Transfer-Encoding: chunked", "", '5\r\n{"pro\r\n'],
    ]
  ) {
    const answer = await rawRequest(
      server.origin,
      "POST /api/tasks/a/events HTTP/1.1",
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
});
