import { assertEquals } from "@std/assert";
import { answerOf } from "../support/answer.ts";
import { rawHandshake } from "../support/handshake.ts";
import { nextRelease } from "../support/release.ts";
import { startTestServer } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";

const paths = ["/ws/realtime/a/b", "/ws/ws/simple/a", "/ws/test/a"];

for (const path of paths) {
  Deno.test(`refuseHandshake() answers 426 to a plain GET of ${path}`, async () => {
    await using server = await startTestServer();
    const answer = await answerOf(fetch(server.origin + path));
    assertEquals(answer.status, 426);
    assertEquals(answer.headers.get("upgrade"), "websocket");
    assertEquals(
      answer.headers.get("content-type"),
      "application/problem+json",
    );
    const { type, title, status, code } = answer.json();
    assertEquals(
      [type, title, status, code],
      ["about:blank", "Upgrade Required", 426, "upgrade_required"],
    );
  });

  Deno.test(`refuseHandshake() passes a handshake on ${path}`, async () => {
    await using server = await startTestServer();
    assertEquals((await rawHandshake(server.ws(path))).status, 101);
  });
}

for (
  const [criterion, headers, status, code] of [
    ["without Upgrade", { Upgrade: null }, 426, "upgrade_required"],
    ["for another protocol", { Upgrade: "h2c" }, 426, "upgrade_required"],
    ["without Connection", { Connection: null }, 426, "upgrade_required"],
    [
      "with another Connection",
      { Connection: "keep-alive" },
      426,
      "upgrade_required",
    ],
    [
      "of version 12",
      { "Sec-WebSocket-Version": "12" },
      426,
      "unsupported_websocket_version",
    ],
    [
      "without a version",
      { "Sec-WebSocket-Version": null },
      426,
      "unsupported_websocket_version",
    ],
    [
      "without a key",
      { "Sec-WebSocket-Key": null },
      400,
      "missing_websocket_key",
    ],
    [
      "with an empty key",
      { "Sec-WebSocket-Key": "" },
      400,
      "missing_websocket_key",
    ],
  ] as [string, Record<string, string | null>, number, string][]
) {
  Deno.test(`refuseHandshake() answers ${status} ${code} to a handshake ${criterion}`, async () => {
    await using server = await startTestServer();
    const answer = await rawHandshake(server.ws("/ws/test/a"), headers);
    assertEquals(answer.status, status);
    assertEquals(JSON.parse(answer.body).code, code);
    assertEquals(
      answer.headers.get("upgrade"),
      status === 426 ? "websocket" : null,
    );
    const version = code.includes("version") ? "13" : null;
    assertEquals(answer.headers.get("sec-websocket-version"), version);
    assertEquals(server.services.registry.socketCount, 0);
  });
}

for (
  const headers of [
    { Upgrade: "WebSocket" },
    { Upgrade: "WEBSOCKET" },
    { Upgrade: "h2c, websocket" },
    { Connection: "keep-alive, Upgrade" },
    { Connection: "upgrade" },
    { Connection: "UPGRADE,keep-alive" },
  ] as Record<string, string>[]
) {
  Deno.test(`refuseHandshake() passes ${JSON.stringify(headers)}`, async () => {
    await using server = await startTestServer();
    const answer = await rawHandshake(server.ws("/ws/test/a"), headers);
    assertEquals(answer.status, 101);
  });
}

Deno.test("refuseHandshake() answers 503 with Retry-After while the server is full", async () => {
  await using server = await startTestServer({ config: { maxConnections: 1 } });
  const released = nextRelease(server.services.registry);
  const url = server.ws("/ws/test/a");
  {
    await using socket = new TestSocket(url);
    await socket.nextOf("connected");
    const answer = await rawHandshake(url);
    assertEquals(answer.status, 503);
    assertEquals(answer.headers.get("retry-after"), "5");
    assertEquals(JSON.parse(answer.body).code, "too_many_connections");
    const health = await answerOf(fetch(`${server.origin}/healthz`));
    assertEquals(health.status, 200);
  }
  await released;
  assertEquals((await rawHandshake(url)).status, 101);
});

Deno.test("refuseHandshake() holds to the most sockets when many come at once", async () => {
  await using server = await startTestServer({ config: { maxConnections: 3 } });
  const sockets = Array.from(
    { length: 20 },
    () => new TestSocket(server.ws("/ws/test/a")),
  );
  const outcomes = await Promise.allSettled(
    sockets.map(({ opened }) => opened),
  );
  for (const socket of sockets) await socket[Symbol.asyncDispose]();
  const opened = outcomes.filter(({ status }) => status === "fulfilled");
  assertEquals(opened.length, 3);
});

Deno.test("refuseHandshake() knows no limit at 0", async () => {
  await using server = await startTestServer({ config: { maxConnections: 0 } });
  assertEquals((await rawHandshake(server.ws("/ws/test/a"))).status, 101);
});

Deno.test("refuseHandshake() answers 503 with Retry-After while the server drains", async () => {
  await using server = await startTestServer();
  server.services.registry.beginDrain();
  const answer = await rawHandshake(server.ws("/ws/test/a"));
  assertEquals(answer.status, 503);
  assertEquals(answer.headers.get("retry-after"), "5");
  assertEquals(JSON.parse(answer.body).code, "draining");
});
