import { assert, assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "../support/fake_time.ts";
import { webSocketRoutes } from "../../src/routes.ts";
import { closeCodeOf, opcodes, RawSocket } from "../support/raw_socket.ts";
import { nextRelease } from "../support/release.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";

/** Checks that the server still accepts and answers sockets. */
async function assertServes(server: TestServer): Promise<void> {
  await using socket = new TestSocket(server.ws("/ws/test/another"));
  await socket.nextOf("connected");
  socket.send("hello");
  assertEquals(await socket.next(), "hello");
}

Deno.test("webSocketHandler() evicts a reader that stopped reading, and goes on counting its socket", async () => {
  const flooded = Promise.withResolvers<void>();
  await using server = await startTestServer({
    table: [...webSocketRoutes, {
      name: "flooding_websocket",
      path: "/ws/flooding/{connection_id}",
      endpoint: async (connection) => {
        connection.send(new ArrayBuffer(32 * 1024 * 1024));
        flooded.resolve();
        await connection.writable();
        return () => {};
      },
    }],
  });
  using time = new FakeTime();
  const { registry } = server.services;
  const released = nextRelease(registry);
  {
    using _stalled = await RawSocket.open(server.ws("/ws/flooding/a"));
    await flooded.promise;
    const [connection] = registry.list();
    const startedAt = time.now;
    while (!connection?.isClosed && await time.nextAsync());
    await time.runMicrotasks();
    assertEquals(time.now - startedAt, 5_000);
    assertEquals(registry.list(), []);
    assertEquals(registry.socketCount, 1);
  }
  await released;
  assertEquals(registry.socketCount, 0);
  await assertServes(server);
});

for (
  const [criterion, opcode, payload] of [
    ["text that is no UTF-8", opcodes.text, [0xff, 0xfe]],
    ["an unknown opcode", opcodes.reserved, [1]],
    ["a close frame with a broken code", opcodes.close, [1]],
  ] as const
) {
  Deno.test(`webSocketHandler() releases a client that sends ${criterion}`, async () => {
    await using server = await startTestServer();
    const { registry } = server.services;
    const released = nextRelease(registry);
    using socket = await RawSocket.open(server.ws("/ws/test/a"));
    await socket.next();
    await socket.send(opcode, new Uint8Array(payload));
    await socket.ended();
    await released;
    assertEquals(registry.list(), []);
    await assertServes(server);
  });
}

Deno.test("webSocketHandler() releases a client that vanishes without a close frame", async () => {
  await using server = await startTestServer();
  const { registry } = server.services;
  const released = nextRelease(registry);
  {
    using socket = await RawSocket.open(server.ws("/ws/realtime/a"));
    await socket.next();
  }
  await released;
  assertEquals([registry.list(), registry.socketCount], [[], 0]);
  assertEquals(server.services.hub.watcherCount("a"), 0);
  await assertServes(server);
});

Deno.test("webSocketHandler() pings a silent peer and closes it with 1001 after the idle timeout", async () => {
  await using server = await startTestServer({
    config: { idleTimeoutSeconds: 1 },
  });
  using socket = await RawSocket.open(server.ws("/ws/test/a"));
  await socket.next();
  assertEquals((await socket.next()).opcode, opcodes.ping);
  const end = await socket.next();
  assertEquals([end.opcode, closeCodeOf(end)], [opcodes.close, 1001]);
});

Deno.test("webSocketHandler() counts a socket whose client never answers the close", async () => {
  await using server = await startTestServer({
    config: { maxMessageBytes: 1 },
  });
  const { registry } = server.services;
  const released = nextRelease(registry);
  {
    using socket = await RawSocket.open(server.ws("/ws/test/a"));
    await socket.next();
    await socket.send(opcodes.text, new Uint8Array([65, 66]));
    await socket.next();
    assertEquals(closeCodeOf(await socket.next()), 1009);
    assertEquals([registry.list(), registry.socketCount], [[], 1]);
  }
  await released;
  assertEquals(registry.socketCount, 0);
});

Deno.test("webSocketHandler() refuses a HEAD that asks for an upgrade", async () => {
  await using server = await startTestServer();
  await assertRejects(
    () => RawSocket.open(server.ws("/ws/test/a"), {}, "HEAD"),
    Error,
    "HTTP/1.1 426",
  );
  await assertServes(server);
  assert(!server.services.registry.isDraining);
});
