import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { stub } from "@std/testing/mock";
import { captureLog } from "../support/captured_log.ts";
import {
  closeCodeOf,
  opcodes,
  rawFrame,
  RawSocket,
} from "../support/raw_socket.ts";
import { startTestServer } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";

for (
  const [criterion, message] of [
    ["a text of exactly the limit", "a".repeat(12)],
    ["a text of exactly the limit in UTF-8", "连".repeat(4)],
    ["bytes of exactly the limit", new ArrayBuffer(12)],
  ] as const
) {
  Deno.test(`webSocketHandler() passes ${criterion}`, async () => {
    await using server = await startTestServer({
      config: { maxMessageBytes: 12 },
    });
    await using socket = new TestSocket(server.ws("/ws/test/a"));
    await socket.nextOf("connected");
    socket.send(message);
    assertEquals(await socket.next(), message);
  });
}

for (
  const [criterion, message] of [
    ["a text over the limit", "a".repeat(13)],
    ["a short text over the limit in UTF-8", "连".repeat(4) + "a"],
    ["bytes over the limit", new ArrayBuffer(13)],
    ["a message far over the limit", "a".repeat(1_000_000)],
  ] as const
) {
  Deno.test(`webSocketHandler() closes with 1009 after ${criterion}`, async () => {
    await using server = await startTestServer({
      config: { maxMessageBytes: 12 },
    });
    await using socket = new TestSocket(server.ws("/ws/test/a"));
    await socket.nextOf("connected");
    socket.send(message);
    const { type, code } = await socket.nextFrame();
    assertEquals([type, code], ["error", "message_too_big"]);
    assertEquals((await socket.closed).code, 1009);
  });
}

Deno.test("webSocketHandler() closes with its code though more messages are on their way", async () => {
  await using server = await startTestServer({
    config: { maxMessageBytes: 4 },
  });
  using socket = await RawSocket.open(server.ws("/ws/test/a"));
  await socket.next();
  const messages = ["too long", "more", "more"].map((text) =>
    rawFrame(opcodes.text, new TextEncoder().encode(text))
  );
  await socket.write(new Uint8Array(messages.flatMap((bytes) => [...bytes])));
  assertEquals(JSON.parse(await socket.nextText()).code, "message_too_big");
  assertEquals(closeCodeOf(await socket.next()), 1009);
});

Deno.test("webSocketHandler() closes with 4429 beyond the rate and its burst", async () => {
  using _ = stub(performance, "now", () => 0);
  await using server = await startTestServer({ config: { messageRate: 5 } });
  await using socket = new TestSocket(server.ws("/ws/test/a"));
  await using other = new TestSocket(server.ws("/ws/test/a"));
  await socket.nextOf("connected");
  await other.nextOf("connected");
  for (let count = 1; count <= 11; count += 1) socket.send(String(count));
  for (let count = 1; count <= 10; count += 1) {
    assertEquals(await socket.next(), String(count));
  }
  const { type, code, retry_after_ms } = await socket.nextFrame();
  assertEquals([type, code], ["error", "rate_limited"]);
  assert(Number(retry_after_ms) > 0);
  assertEquals((await socket.closed).code, 4429);
  other.send("hello");
  assertEquals(await other.next(), "hello");
});

Deno.test("webSocketHandler() closes with 4429 when too much waits to be answered", async () => {
  await using server = await startTestServer({
    config: { maxBufferedBytes: 1_024, messageRate: 0 },
    services: () => ({ verifier: { verify: () => new Promise(() => {}) } }),
  });
  await using socket = new TestSocket(server.ws("/ws/realtime/a?token=t"));
  await socket.opened;
  for (let count = 1; count <= 4; count += 1) socket.send("x".repeat(100));
  const { type, code } = await socket.nextFrame();
  assertEquals([type, code], ["error", "rate_limited"]);
  assertEquals((await socket.closed).code, 4429);
});

for (
  const [criterion, origin, headers] of [
    ["a page of another host", "https://evil.example", {}],
    ["an opaque origin", "null", {}],
    ["a page that rebinds its name", "http://evil.example", {
      Host: "evil.example",
    }],
  ] as const
) {
  Deno.test(`webSocketHandler() closes ${criterion} with 4403 on every route`, async () => {
    await using server = await startTestServer();
    using log = captureLog("info");
    for (const path of ["/ws/realtime/a", "/ws/ws/simple/a", "/ws/test/a"]) {
      using socket = await RawSocket.open(server.ws(path), {
        Origin: origin,
        ...headers,
      });
      const { type, code, message } = JSON.parse(await socket.nextText());
      assertEquals([type, code], ["error", "origin_not_allowed"]);
      for (const text of [message, log.text]) {
        assertStringIncludes(text, origin);
        assertStringIncludes(text, "TASKWIRE_ORIGINS");
      }
      assertEquals(closeCodeOf(await socket.next()), 4403);
    }
    assertEquals(server.services.registry.list(), []);
  });
}

for (
  const [criterion, headers, origins] of [
    ["a client without Origin", {}, ["https://a.test"]],
    ["an origin on the list", { Origin: "https://a.test" }, ["https://a.test"]],
    ["any origin if the list has *", { Origin: "https://b.test" }, ["*"]],
    ["a page of the same host", undefined, []],
    ["a page of a development server", { Origin: "http://localhost:5173" }, []],
    ["a client without Origin by any name", { Host: "taskwire.test" }, []],
  ] as [string, Record<string, string> | undefined, string[]][]
) {
  Deno.test(`webSocketHandler() passes ${criterion}`, async () => {
    await using server = await startTestServer({ config: { origins } });
    using socket = await RawSocket.open(
      server.ws("/ws/realtime/a"),
      headers ?? { Origin: server.origin },
    );
    assertEquals(JSON.parse(await socket.nextText()).type, "connected");
  });
}

Deno.test("webSocketHandler() rejects a socket opened after the drain has begun", async () => {
  await using server = await startTestServer();
  const { registry } = server.services;
  const add = registry.add.bind(registry);
  registry.add = (connection) => {
    registry.beginDrain(); // between the handshake and the open socket
    add(connection);
  };
  await using socket = new TestSocket(server.ws("/ws/test/a"));
  const { type, code } = await socket.nextFrame();
  assertEquals([type, code], ["error", "server_restarting"]);
  assertEquals((await socket.closed).code, 1012);
});
