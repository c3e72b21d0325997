import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { createApp } from "../../../src/app.ts";
import { createServices } from "../../../src/create_services.ts";
import type { Connection } from "../../../src/connections/connection.ts";
import { answerOf } from "../../support/answer.ts";
import { scoped } from "../../support/api.ts";
import { fakeConnection } from "../../support/fake_connection.ts";
import { allReleased } from "../../support/released.ts";
import {
  startTestServer,
  testApiKey,
  testConfig,
  type TestServer,
} from "../../support/server.ts";
import { type Frame, TestSocket } from "../../support/socket.ts";
import { answerOfStream, SseClient } from "../../support/sse_client.ts";
import { signToken } from "../../support/tokens.ts";

const key = { Authorization: `Bearer ${testApiKey}` };

function get({ origin }: TestServer, query = "") {
  return answerOf(fetch(`${origin}/api/connections${query}`, { headers: key }));
}

function remove({ origin }: TestServer, id: unknown) {
  const url = `${origin}/api/connections/${id}`;
  return answerOf(fetch(url, { method: "DELETE", headers: key }));
}

function connectionsOf(answer: { json(): Frame }): Frame[] {
  return answer.json().connections as Frame[];
}

Deno.test("connectionRoutes() lists sockets and streams with all members, oldest first", async () => {
  await using server = await startTestServer({
    config: { guestUserId: "guest" },
  });
  const token = await signToken({ sub: "42" });
  await using realtime = new TestSocket(
    server.ws(`/ws/realtime/a%2Fb?token=${token}`),
  );
  await realtime.nextOf("sync");
  await using stream = await SseClient.open(server, "上");
  await stream.nextOf("sync");
  await using simple = new TestSocket(server.ws("/ws/ws/simple/c"));
  await simple.nextOf("connected");
  const answer = await get(server);
  assertEquals([answer.status, answer.headers.get("content-type")], [
    200,
    "application/json",
  ]);
  const { connections: _, ...rest } = answer.json();
  assertEquals(rest, { total: 3 });
  const connections = connectionsOf(answer);
  for (const { since, id } of connections) {
    assertMatch(String(since), /^\d{4}-.*\.\d{3}Z$/);
    assertMatch(String(id), /^[\da-f-]{36}$/);
  }
  const same = { remote_address: "127.0.0.1", queued_bytes: 0 };
  assertEquals(
    connections.map(({ id: _id, since: _since, ...rest }) => rest),
    [
      {
        route: "realtime_websocket",
        connection_id: "a/b",
        user_id: 42,
        auth_status: "authenticated",
        ...same,
      },
      {
        route: "realtime_sse",
        connection_id: "上",
        user_id: "guest",
        auth_status: "guest",
        ...same,
      },
      { route: "simple_websocket", connection_id: "c", ...same },
    ],
  );
});

Deno.test("connectionRoutes() keeps all digits of a numeric user id", async () => {
  await using server = await startTestServer();
  const token = await signToken({ sub: "1152921504606846976" }); // 2^60
  await using socket = new TestSocket(
    server.ws(`/ws/realtime/a?token=${token}`),
  );
  await socket.nextOf("sync");
  assertMatch((await get(server)).text, /"user_id":1152921504606846976,/);
});

/** Creates the routes on a registry with a number of fake connections. */
async function withConnections(count: number) {
  const services = await createServices(testConfig());
  const connections = Array.from({ length: count }, (_, index) => {
    const { connection } = fakeConnection(1_000, {
      taskId: `task_${index % 3}`,
    });
    connection.userId = String(index % 2);
    services.registry.add(connection);
    return connection;
  });
  const app = createApp(services);
  const list = (query = "") =>
    answerOf(app.request(`/api/connections${query}`, { headers: key }));
  return { connections, list };
}

const idsOf = (connections: readonly Connection[]) =>
  connections.map(({ id }) => id);

Deno.test("connectionRoutes() lists page by page while connections close", async () => {
  const { connections, list } = await withConnections(10);
  const seen: unknown[] = [];
  let query = "?limit=3";
  for (;;) {
    const answer = await list(query);
    seen.push(...connectionsOf(answer).map(({ id }) => id));
    connections[2]?.close(1001); // a cursor of a previous page
    const { cursor } = answer.json();
    if (cursor === undefined) break;
    query = `?limit=3&cursor=${cursor}`;
  }
  assertEquals(seen, idsOf(connections));
});

Deno.test("connectionRoutes() has a cursor only if more follows", async () => {
  const { list } = await withConnections(3);
  assertEquals((await list("?limit=3")).json().cursor, undefined);
  assertEquals(typeof (await list("?limit=2")).json().cursor, "string");
});

Deno.test("connectionRoutes() lists the connections of a task or user", async () => {
  const { connections, list } = await withConnections(12);
  for (
    const [query, isMeant] of [
      ["?connection_id=task_1", (index: number) => index % 3 === 1],
      ["?user_id=1", (index: number) => index % 2 === 1],
      ["?connection_id=task_1&user_id=1", (index: number) => index % 6 === 1],
      ["?connection_id=none", () => false],
    ] as const
  ) {
    const answer = await list(query);
    assertEquals(
      connectionsOf(answer).map(({ id }) => id),
      idsOf(connections.filter((_, index) => isMeant(index))),
    );
    assertEquals(answer.json().total, 12);
  }
});

for (
  const query of [
    "?limit=0",
    "?limit=10001",
    "?limit=x",
    "?cursor=-1",
    "?cursor=17",
  ]
) {
  Deno.test(`connectionRoutes() answers 400 to ${query}`, async () => {
    const { list } = await withConnections(0);
    const answer = await list(query);
    assertEquals([answer.status, answer.json().code], [400, "bad_query"]);
  });
}

Deno.test("connectionRoutes() lists at most 1,000 connections unless asked for more", async () => {
  const { list } = await withConnections(12_000);
  assertEquals(connectionsOf(await list()).length, 1_000);
  const answer = await list("?limit=10000");
  assertEquals(connectionsOf(answer).length, 10_000);
  assertEquals(answer.json().total, 12_000);
  assertLess(answer.text.length, 3_000_000);
});

Deno.test("connectionRoutes() closes a socket with 4409 and a reason", async () => {
  await using server = await startTestServer();
  await using socket = new TestSocket(server.ws("/ws/ws/simple/a"));
  await socket.nextOf("connected");
  const [listed] = connectionsOf(await get(server));
  const removed = await remove(server, listed?.id);
  assertEquals([removed.status, removed.text], [204, ""]);
  const { type, code } = await socket.nextFrame();
  assertEquals([type, code], ["error", "disconnected_by_operator"]);
  assertEquals((await socket.closed).code, 4409);
  assertEquals(connectionsOf(await get(server)), []);
});

Deno.test("connectionRoutes() closes a stream with the reason and a long reconnect delay", async () => {
  await using server = await startTestServer();
  await using client = await SseClient.open(server, "a");
  await client.nextOf("sync");
  const [listed] = connectionsOf(await get(server));
  assertEquals((await remove(server, listed?.id)).status, 204);
  assertEquals((await client.nextOf("error")).code, "disconnected_by_operator");
  assertEquals(await client.nextBlock(), { retry: "86400000" });
  assertEquals(await client.nextBlock(), undefined);
  assertEquals(server.services.hub.watcherCount("a"), 0);
});

Deno.test("connectionRoutes() answers 404 to a connection that is not open", async () => {
  await using server = await startTestServer();
  const released = allReleased(server);
  await answerOf(server.publish("a", { status: "done" }));
  const stream = await answerOfStream(server, "a");
  assert(stream.text.includes("event: end"));
  await released;
  for (const id of ["nobody", crypto.randomUUID(), "__proto__"]) {
    const answer = await remove(server, id);
    assertEquals([answer.status, answer.json().code], [
      404,
      "connection_unknown",
    ]);
  }
});

for (
  const [who, makeHeaders, status] of [
    ["nobody", () => ({}), 401],
    ["a wrong key", () => ({ Authorization: "Bearer wrong" }), 401],
    ["a JWT to publish", async () => ({
      Authorization: `Bearer ${await scoped("publish")}`,
    }), 403],
    ["a JWT to administrate", async () => ({
      Authorization: `Bearer ${await scoped("admin")}`,
    }), 404],
    ["an API key", () => key, 404],
  ] as const
) {
  Deno.test(`connectionRoutes() ${status === 404 ? "opens" : `answers ${status}`} to ${who}`, async () => {
    const app = createApp(await createServices(testConfig()));
    const headers = await makeHeaders();
    // In the form of Deno.serve.
    const info = {
      remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 1 },
    };
    const list = await answerOf(
      app.request("/api/connections", { headers }, info),
    );
    assertEquals(list.status, status === 404 ? 200 : status);
    const removed = await answerOf(
      app.request("/api/connections/a", { method: "DELETE", headers }, info),
    );
    assertEquals(removed.status, status);
  });
}
