import { assert, assertEquals } from "@std/assert";
import { captureLog } from "../support/captured_log.ts";
import { rawHandshake } from "../support/handshake.ts";
import { closeCodeOf, RawSocket } from "../support/raw_socket.ts";
import { nextRelease } from "../support/release.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";
import { signToken } from "../support/tokens.ts";

/** Reads the first frame of a socket, then the close. */
async function assertTooMany(socket: TestSocket): Promise<void> {
  const { type, code, retry_after_ms } = await socket.nextOf("error");
  assertEquals([type, code], ["error", "too_many_connections"]);
  assert(Number(retry_after_ms) > 0);
  assertEquals((await socket.closed).code, 4429);
}

/** Returns the type of the first frame for a client with the given headers. */
async function firstFrameType(
  server: TestServer,
  headers: Record<string, string>,
): Promise<{ type: string; socket: RawSocket }> {
  const socket = await RawSocket.open(server.ws("/ws/test/a"), headers);
  return { type: JSON.parse(await socket.nextText()).type, socket };
}

for (const path of ["/ws/realtime/a", "/ws/ws/simple/a", "/ws/test/a"]) {
  Deno.test(`webSocketHandler() closes ${path} with 4429 while an address is over its limit`, async () => {
    await using server = await startTestServer({
      config: { maxConnectionsPerIp: 2 },
    });
    const { registry } = server.services;
    await using first = new TestSocket(server.ws(path));
    await first.nextOf("connected");
    {
      await using second = new TestSocket(server.ws(path));
      await second.nextOf("connected");
      await using third = new TestSocket(server.ws(path));
      await assertTooMany(third);
    }
    while (registry.socketCount > 1) await nextRelease(registry);
    await using fourth = new TestSocket(server.ws(path));
    await fourth.nextOf("connected");
  });
}

Deno.test("webSocketHandler() holds to an address's limit when many come at once", async () => {
  await using server = await startTestServer({
    config: { maxConnectionsPerIp: 3 },
  });
  const sockets = Array.from(
    { length: 20 },
    () => new TestSocket(server.ws("/ws/test/a")),
  );
  const types = await Promise.all(
    sockets.map(async (socket) => (await socket.nextFrame()).type),
  );
  for (const socket of sockets) await socket[Symbol.asyncDispose]();
  assertEquals(types.filter((type) => type === "connected").length, 3);
});

Deno.test("webSocketHandler() counts a closed socket that the runtime still holds against its address", async () => {
  await using server = await startTestServer({
    config: { maxConnectionsPerIp: 1 },
  });
  using stuck = await RawSocket.open(server.ws("/ws/test/a"));
  await stuck.next();
  for (const connection of server.services.registry.list()) {
    connection.close(4409);
  }
  assertEquals(closeCodeOf(await stuck.next()), 4409); // never answers the close
  await using next = new TestSocket(server.ws("/ws/test/a"));
  await assertTooMany(next);
});

Deno.test("webSocketHandler() answers 429 to an address that never completes closes", async () => {
  await using server = await startTestServer({
    config: { maxConnectionsPerIp: 1 },
  });
  using stack = new DisposableStack();
  for (let count = 0; count < 101; count += 1) {
    const socket = await RawSocket.open(server.ws("/ws/test/a"));
    stack.use(socket);
    await socket.next();
  }
  const answer = await rawHandshake(server.ws("/ws/test/a"));
  assertEquals([answer.status, answer.headers.get("retry-after")], [429, "5"]);
  assertEquals(JSON.parse(answer.body).code, "too_many_connections");
});

Deno.test("webSocketHandler() lets no forged X-Forwarded-For evade an address's limit", async () => {
  for (
    const [trustProxy, forwardedFor] of [
      [0, (count: number) => `192.0.2.${count}`],
      [1, (count: number) => `192.0.2.${count}, 198.51.100.1`],
      [1, (count: number) => `192.0.2.${count}\r\nX-Forwarded-For: 10.0.0.9`],
      [1, (count: number) => `not-an-address-${count}`],
      [2, (count: number) => `192.0.2.${count}, 198.51.100.1, 10.0.0.9`],
      [1, (count: number) => `2001:db8::${count}`], // of one /64
    ] as const
  ) {
    await using server = await startTestServer({
      config: { maxConnectionsPerIp: 1, trustProxy },
    });
    using stack = new DisposableStack();
    const types = [];
    for (const count of [1, 2]) {
      const headers = { "X-Forwarded-For": forwardedFor(count) };
      const { type, socket } = await firstFrameType(server, headers);
      stack.use(socket);
      types.push(type);
    }
    assertEquals(types, ["connected", "error"], forwardedFor(2));
  }
});

Deno.test("webSocketHandler() distinguishes the addresses behind a trusted proxy", async () => {
  await using server = await startTestServer({
    config: { maxConnectionsPerIp: 1, trustProxy: 1 },
  });
  using stack = new DisposableStack();
  for (const address of ["192.0.2.1", "192.0.2.2", "[2001:DB8::1]:4711"]) {
    const headers = { "X-Forwarded-For": address };
    const { type, socket } = await firstFrameType(server, headers);
    stack.use(socket);
    assertEquals(type, "connected");
  }
  assertEquals(
    server.services.registry.list().map(({ handshake }) =>
      handshake.remoteAddress
    ),
    ["192.0.2.1", "192.0.2.2", "2001:db8::1"],
  );
});

Deno.test("realtimeEndpoint() closes with 4429 while a user is over the limit", async () => {
  await using server = await startTestServer({
    config: { maxConnectionsPerUser: 1 },
  });
  const url = async (sub: string) =>
    server.ws(`/ws/realtime/a?token=${await signToken({ sub })}`);
  {
    await using first = new TestSocket(await url("42"));
    await first.nextOf("sync");
    await using second = new TestSocket(await url("42"));
    assertEquals((await second.nextFrame()).auth_status, "authenticated");
    await assertTooMany(second);
    await using other = new TestSocket(await url("43"));
    await other.nextOf("sync");
    const released = nextRelease(server.services.registry);
    await first[Symbol.asyncDispose]();
    await released;
    await using third = new TestSocket(await url("42"));
    await third.nextOf("sync");
  }
});

Deno.test("realtimeEndpoint() limits no guests by their common id, nor bad tokens", async () => {
  await using server = await startTestServer({
    config: { maxConnectionsPerUser: 1 },
  });
  const token = await signToken({ sub: "1" });
  for (const query of ["", "", "?token=bad", "?token=bad", `?token=${token}`]) {
    const socket = new TestSocket(server.ws(`/ws/realtime/a${query}`));
    await socket.nextOf("sync");
  }
  const { registry } = server.services;
  assertEquals(registry.list().length, 5);
  for (const connection of registry.list()) connection.close(1000);
  while (registry.socketCount > 0) await nextRelease(registry);
});

Deno.test("webSocketHandler() logs rejected clients and reasons, without the token", async () => {
  await using server = await startTestServer();
  using log = captureLog("info");
  using socket = await RawSocket.open(
    server.ws("/ws/test/a?token=a-token"),
    { Origin: "https://evil.example" },
  );
  await socket.nextText();
  const [line = "", ...rest] = log.text.trimEnd().split("\n");
  assertEquals(rest, []);
  const { level, properties } = JSON.parse(line);
  assertEquals(
    [level, properties.code, properties.origin],
    ["INFO", "origin_not_allowed", "https://evil.example"],
  );
  assert(!line.includes("a-token"));
});
