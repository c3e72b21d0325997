import { assertEquals, assertFalse } from "@std/assert";
import { stub } from "@std/testing/mock";
import { webSocketRoutes } from "../../src/routes.ts";
import type { Handshake } from "../../src/connections/connection.ts";
import { rawHandshake } from "../support/handshake.ts";
import { RawSocket } from "../support/raw_socket.ts";
import { startTestServer } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";
import { signToken } from "../support/tokens.ts";

for (const name of ["websocket", "WebSocket", "WEBSOCKET"]) {
  Deno.test(`webSocketHandler() upgrades 'Upgrade: ${name}'`, async () => {
    await using server = await startTestServer();
    using socket = await RawSocket.open(server.ws("/ws/test/a"), {
      Upgrade: name,
    });
    assertEquals(JSON.parse(await socket.nextText()).type, "connected");
  });
}

for (
  const [offered, answered] of [
    ["a,b", "a"],
    ["a, b", "a"],
    ["a", "a"],
    [",a", "a"],
    ["bearer", "bearer"],
    ["other, bearer, xyz", "bearer"],
    ["eyJh.bbbb.cccc", null],
    ["wamp.2.json", "wamp.2.json"],
    ["eyJh.bbbb.cccc, a", "a"],
  ] as const
) {
  Deno.test(`webSocketHandler() answers the subprotocols '${offered}' with ${answered}`, async () => {
    await using server = await startTestServer();
    const { status, headers } = await rawHandshake(server.ws("/ws/test/a"), {
      "Sec-WebSocket-Protocol": offered,
    });
    assertEquals(status, 101);
    assertEquals(headers.get("sec-websocket-protocol"), answered);
  });
}

Deno.test("webSocketHandler() selects no subprotocol if none is offered", async () => {
  await using server = await startTestServer();
  const { headers } = await rawHandshake(server.ws("/ws/test/a"));
  assertFalse(headers.has("sec-websocket-protocol"));
});

Deno.test("webSocketHandler() takes the token beside 'bearer', and answers with 'bearer' alone", async () => {
  await using server = await startTestServer();
  const token = await signToken({ sub: "42" });
  await using socket = new TestSocket(server.ws("/ws/realtime/a"), [
    "bearer",
    token,
  ]);
  const { user_id, auth_status } = await socket.nextFrame();
  assertEquals([user_id, auth_status], [42, "authenticated"]);
  assertEquals(socket.raw.protocol, "bearer");
});

for (const separator of [",", ", ", " , "]) {
  Deno.test(`webSocketHandler() never sends back a token offered after '${separator}'`, async () => {
    await using server = await startTestServer();
    const token = await signToken({ sub: "42" });
    const { status, headers } = await rawHandshake(
      server.ws("/ws/test/a"),
      { "Sec-WebSocket-Protocol": `bearer${separator}${token}` },
    );
    assertEquals([status, headers.get("sec-websocket-protocol")], [
      101,
      "bearer",
    ]);
    assertFalse(JSON.stringify([...headers]).includes(token));
  });
}

Deno.test("webSocketHandler() prefers the token of the query, but not an empty one", async () => {
  await using server = await startTestServer();
  const [one, two] = [
    await signToken({ sub: "1" }),
    await signToken({ sub: "2" }),
  ];
  for (const [query, user] of [[one, 1], ["", 2]] as const) {
    await using socket = new TestSocket(
      server.ws(`/ws/realtime/a?token=${query}`),
      ["bearer", two],
    );
    const { user_id, auth_status } = await socket.nextFrame();
    assertEquals([user_id, auth_status], [user, "authenticated"]);
    assertEquals(socket.raw.protocol, "bearer");
  }
});

Deno.test("webSocketHandler() keeps the facts of the handshake", async () => {
  const seen = Promise.withResolvers<[Handshake, string | undefined]>();
  await using server = await startTestServer({
    table: [...webSocketRoutes, {
      name: "seeing_websocket",
      path: "/ws/seeing/{connection_id:path}",
      endpoint: (connection, _services, token) => {
        seen.resolve([connection.handshake, token]);
        return () => {};
      },
    }],
  });
  using _socket = await RawSocket.open(
    server.ws("/ws/seeing/a/%C3%A9?epoch=E&offset=7&token=t%2Bt"),
    { Origin: server.origin },
  );
  assertEquals(await seen.promise, [{
    route: "seeing_websocket",
    taskId: "a/é",
    remoteAddress: "127.0.0.1",
    epoch: "E",
    offset: "7",
    origin: server.origin,
  }, "t+t"]);
});

Deno.test("webSocketHandler() distinguishes connections to the same task", async () => {
  await using server = await startTestServer();
  await using first = new TestSocket(server.ws("/ws/test/a"));
  await using second = new TestSocket(server.ws("/ws/test/a"));
  await Promise.all([first.nextOf("connected"), second.nextOf("connected")]);
  first.send("one");
  second.send("two");
  assertEquals([await first.next(), await second.next()], ["one", "two"]);
});

Deno.test("webSocketHandler() gives the place back when the upgrade throws", async () => {
  await using server = await startTestServer();
  using _ = stub(Deno, "upgradeWebSocket", () => {
    throw new TypeError("refused by the runtime");
  });
  const { status } = await rawHandshake(server.ws("/ws/test/a"));
  assertEquals(status, 500);
  assertEquals(server.services.registry.socketCount, 0);
});

Deno.test("webSocketHandler() takes the token of an Authorization header", async () => {
  await using server = await startTestServer();
  const token = await signToken({ sub: "42" });
  using socket = await RawSocket.open(server.ws("/ws/realtime/a"), {
    Authorization: `Bearer ${token}`,
  });
  const { user_id, auth_status } = JSON.parse(await socket.nextText());
  assertEquals([user_id, auth_status], [42, "authenticated"]);
});
