import { assertEquals } from "@std/assert";
import { serverOperations } from "../../src/docs/server_operations.ts";
import { answerOf } from "../support/answer.ts";
import { makeApi } from "../support/api.ts";
import { assertAnswer } from "../support/documents.ts";
import { startTestServer, testApiKey } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";

Deno.test("serverOperations describe a server's public answers", async () => {
  const { call, services } = await makeApi();
  const paths = [
    "/healthz",
    "/readyz",
    "/openapi.json",
    "/asyncapi.json",
    "/docs",
    "/docs/guide",
    "/",
    "/console",
    "/client.js",
    "/client.d.ts",
  ];
  for (const path of paths) {
    const answer = await call(`GET ${path}`, { key: "" });
    assertEquals(answer.status, 200, path);
    assertAnswer(`GET ${path}`, answer);
  }
  services.registry.beginDrain();
  const answer = await call("GET /readyz", { key: "" });
  assertEquals(answer.status, 503);
  assertAnswer("GET /readyz", answer);
});

Deno.test("serverOperations describe a server's answers to operators", async () => {
  await using server = await startTestServer();
  await using socket = new TestSocket(server.ws("/ws/realtime/a"));
  await using test = new TestSocket(server.ws("/ws/test/a"));
  await socket.nextOf("sync");
  await test.nextOf("connected");
  await (await server.publish("a", { progress: 0.5 })).text();
  for (const path of ["/metrics", "/api/stats", "/api/config"]) {
    const answer = await answerOf(fetch(server.origin + path, {
      headers: { Authorization: `Bearer ${testApiKey}` },
    }));
    assertEquals(answer.status, 200, path);
    assertAnswer(`GET ${path}`, answer);
  }
  for (const query of ["", "?limit=1"]) {
    const answer = await answerOf(
      fetch(`${server.origin}/api/connections${query}`, {
        headers: { Authorization: `Bearer ${testApiKey}` },
      }),
    );
    assertEquals(answer.status, 200, query);
    assertAnswer("GET /api/connections", answer);
  }
  const [{ id } = { id: "" }] = server.services.registry.list();
  for (const status of [204, 404]) {
    const answer = await answerOf(
      fetch(`${server.origin}/api/connections/${id}`, {
        method: "DELETE",
        headers: { Authorization: `Bearer ${testApiKey}` },
      }),
    );
    assertEquals(answer.status, status);
    assertAnswer("DELETE /api/connections/{id}", answer);
  }
});

Deno.test("serverOperations only read", () => {
  for (const { method, path } of serverOperations) {
    assertEquals(method, "get", path);
  }
});
