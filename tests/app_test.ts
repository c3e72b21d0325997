import { assert, assertEquals, assertFalse } from "@std/assert";
import { createApp } from "../src/app.ts";
import { createServices } from "../src/create_services.ts";
import type { Services } from "../src/services.ts";
import { answerOf } from "./support/answer.ts";
import { captureLog } from "./support/captured_log.ts";
import { startTestServer, testApiKey, testConfig } from "./support/server.ts";
import { TestSocket } from "./support/socket.ts";
import { signToken } from "./support/tokens.ts";

async function appWith(overrides: Partial<Services> = {}) {
  return createApp({ ...await createServices(testConfig()), ...overrides });
}

const publishing = {
  method: "POST",
  headers: { Authorization: `Bearer ${testApiKey}` },
  body: "{}",
};

Deno.test("createApp() answers 404 as a problem, without the query", async () => {
  const app = await appWith();
  const answer = await answerOf(app.request("/nowhere?token=secret"));
  assertEquals(answer.status, 404);
  assertEquals(answer.headers.get("content-type"), "application/problem+json");
  assertEquals(answer.json(), {
    type: "about:blank",
    title: "Not Found",
    status: 404,
    code: "not_found",
    detail: "No route for GET /nowhere: see /docs for all routes",
  });
});

Deno.test("createApp() answers 500 without details, and logs the details", async () => {
  using log = captureLog();
  const store = {
    ...(await createServices(testConfig())).store,
    publish: () => Promise.reject(new Error("secret detail")),
  } as never;
  const app = await appWith({ store });
  const answer = await answerOf(
    app.request("/api/tasks/a/events?token=query-secret", publishing),
  );
  assertEquals(answer.status, 500);
  assertEquals(answer.headers.get("content-type"), "application/problem+json");
  assertEquals(answer.json(), {
    type: "about:blank",
    title: "Internal Server Error",
    status: 500,
    code: "internal_error",
    detail: "The server failed on this request: see the server's log",
  });
  assert(log.text.includes("secret detail"));
  assert(log.text.includes("/api/tasks/a/events"));
  assertFalse(log.text.includes("query-secret"));
});

Deno.test("createApp() logs no token and no key, sent in any way", async () => {
  const token = await signToken({ sub: "42" });
  const bad = await signToken({ sub: "42" }, {
    secret: "another secret, of 32 bytes and more",
  });
  using log = captureLog("debug");
  {
    await using server = await startTestServer();
    const sockets: [string, string[]][] = [
      [`/ws/realtime/a?token=${token}`, []],
      [`/ws/realtime/a?token=${bad}`, []],
      [`/ws/realtime/a?token=garbage-secret`, []],
      ["/ws/realtime/a", ["bearer", bad]],
      [`/ws/test/a?token=${token}`, []],
    ];
    for (const [path, protocols] of sockets) {
      await using socket = new TestSocket(server.ws(path), protocols);
      await socket.nextOf("connected");
    }
    for (const path of ["/nowhere", "/ws/realtime/a", "/healthz"]) {
      await answerOf(fetch(`${server.origin}${path}?token=${token}`));
    }
    for (const credential of [token, bad, "garbage-secret"]) {
      const url = `${server.origin}/sse/realtime/a`;
      const responses = await Promise.all([
        fetch(`${url}?token=${credential}`),
        fetch(url, { headers: { Authorization: `Bearer ${credential}` } }),
      ]);
      for (const { body } of responses) await body?.cancel();
    }
    for (const credential of [token, bad, testApiKey, "garbage-secret"]) {
      await answerOf(fetch(`${server.origin}/api/tasks/a/events`, {
        ...publishing,
        headers: { Authorization: `Bearer ${credential}` },
      }));
    }
  }
  assert(log.text.includes("token_bad_signature"), "something was logged");
  const secrets = [...token.split("."), ...bad.split("."), testApiKey];
  for (const secret of [...secrets, "garbage-secret", "token="]) {
    assertFalse(log.text.includes(secret), secret);
  }
});

Deno.test("createApp() answers 400 to a socket route without an id", async () => {
  const app = await appWith();
  for (const path of ["/ws/realtime/", "/ws/ws/simple/", "/ws/test/"]) {
    const answer = await answerOf(app.request(path));
    assertEquals([answer.status, answer.json().code], [
      400,
      "bad_connection_id",
    ]);
  }
});
