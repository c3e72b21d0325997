import { assertEquals } from "@std/assert";
import { createApp } from "../../src/app.ts";
import { createServices } from "../../src/create_services.ts";
import { allowedMethods } from "../../src/http/allowed_methods.ts";
import { answerOf } from "../support/answer.ts";
import { testApiKey, testConfig } from "../support/server.ts";

const app = createApp(await createServices(testConfig()));

for (
  const [path, expected] of [
    ["/", "GET HEAD OPTIONS"],
    ["/healthz", "GET HEAD OPTIONS"],
    ["/client.js", "GET HEAD OPTIONS"],
    ["/console/console.js", "GET HEAD OPTIONS"],
    ["/ws/realtime/a/b", "GET HEAD OPTIONS"],
    ["/sse/realtime/a", "GET OPTIONS"],
    ["/api/events", "POST OPTIONS"],
    ["/api/tasks", "GET HEAD OPTIONS"],
    ["/api/tasks/a", "GET HEAD DELETE OPTIONS"],
    ["/api/tasks/a/cancel", "GET HEAD DELETE POST OPTIONS"],
    ["/api/connections", "GET HEAD OPTIONS"],
    ["/api/connections/a", "DELETE OPTIONS"],
    ["/nowhere", ""],
    ["/*", ""],
  ] as const
) {
  Deno.test(`allowedMethods() lists the methods of ${path}`, () => {
    const allowed = [...allowedMethods(app, path)].sort();
    assertEquals(allowed, expected.split(" ").filter(Boolean).sort());
  });
}

for (
  const [method, path, status, code] of [
    ["GET", "/api/events", 405, "method_not_allowed"],
    ["POST", "/healthz", 405, "method_not_allowed"],
    ["DELETE", "/", 405, "method_not_allowed"],
    ["POST", "/ws/test/a", 405, "method_not_allowed"],
    ["POST", "/sse/realtime/a", 405, "method_not_allowed"],
    ["PUT", "/api/tasks/a/events", 405, "method_not_allowed"],
    ["POST", "/api/connections", 405, "method_not_allowed"],
    ["PROPFIND", "/client.js", 405, "method_not_allowed"],
    ["POST", "/nowhere", 404, "not_found"],
    ["OPTIONS", "/nowhere", 404, "not_found"],
    ["GET", "/console/nowhere.js", 404, "not_found"],
  ] as const
) {
  Deno.test(`createApp() answers ${status} to ${method} ${path}`, async () => {
    const answer = await answerOf(app.request(path, { method }));
    assertEquals([answer.status, answer.json().code], [status, code]);
    assertEquals(answer.headers.has("allow"), status === 405);
  });
}

Deno.test("createApp() lists the methods of a path to OPTIONS", async () => {
  const answer = await answerOf(
    app.request("/api/events", { method: "OPTIONS" }),
  );
  assertEquals([answer.status, answer.headers.get("allow"), answer.text], [
    204,
    "POST, OPTIONS",
    "",
  ]);
});

Deno.test("createApp() answers HEAD with the headers of GET", async () => {
  const headers = { Authorization: `Bearer ${testApiKey}` };
  for (const path of ["/healthz", "/client.js", "/api/tasks"]) {
    const answer = await answerOf(
      app.request(path, { method: "HEAD", headers }),
    );
    assertEquals([answer.status, answer.text], [200, ""]);
  }
  const { status } = await answerOf(
    app.request("/api/events", { method: "HEAD" }),
  );
  assertEquals(status, 405);
});
