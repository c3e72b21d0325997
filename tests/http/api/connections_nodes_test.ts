import { assertEquals, assertLessOrEqual } from "@std/assert";
import { createApp } from "../../../src/app.ts";
import { createServices } from "../../../src/create_services.ts";
import type { Services } from "../../../src/services.ts";
import type { Connection } from "../../../src/connections/connection.ts";
import { answerOf } from "../../support/answer.ts";
import { assertAnswer } from "../../support/documents.ts";
import { fakeConnection } from "../../support/fake_connection.ts";
import { JoinedNodes } from "../../support/joined_nodes.ts";
import {
  startTestServer,
  testApiKey,
  testConfig,
  type TestServer,
} from "../../support/server.ts";
import { type Frame, TestSocket } from "../../support/socket.ts";
import { signToken } from "../../support/tokens.ts";

const key = { Authorization: `Bearer ${testApiKey}` };

const list = "GET /api/connections";
const remove = "DELETE /api/connections/{id}";

function call(origin: string, method: string, path = "") {
  const url = `${origin}/api/connections${path}`;
  return answerOf(fetch(url, { method, headers: key }));
}

const connectionsOf = (answer: { json(): Frame }) =>
  answer.json().connections as Frame[];

/** Starts two connected servers. */
async function startTwo(nodes = new JoinedNodes()): Promise<
  AsyncDisposable & { readonly servers: readonly [TestServer, TestServer] }
> {
  const start = () =>
    startTestServer({
      services: (made) => ({ otherNodes: nodes.join(made) }),
    });
  const servers = [await start(), await start()] as const;
  return {
    servers,
    async [Symbol.asyncDispose]() {
      for (const server of servers) await server.stop();
    },
  };
}

Deno.test("connectionRoutes() lists the connections of all nodes on any node", async () => {
  await using two = await startTwo();
  const [one, other] = two.servers;
  const token = await signToken({ sub: "42" });
  await using first = new TestSocket(one.ws(`/ws/realtime/a?token=${token}`));
  await first.nextOf("sync");
  await using second = new TestSocket(other.ws("/ws/ws/simple/b"));
  await second.nextOf("connected");
  await using third = new TestSocket(one.ws("/ws/test/c"));
  await third.nextOf("connected");
  const answers = [
    await call(one.origin, "GET"),
    await call(other.origin, "GET"),
  ];
  for (const answer of answers) {
    assertAnswer(list, answer);
    assertEquals(answer.json().total, 3);
    assertEquals(
      connectionsOf(answer).map(({ connection_id }) => connection_id),
      ["a", "b", "c"],
    );
  }
  const ofUser = await call(other.origin, "GET", "?user_id=42");
  assertEquals(connectionsOf(ofUser).map(({ user_id }) => user_id), [42]);
});

Deno.test("connectionRoutes() closes a connection of another node with 4409", async () => {
  await using two = await startTwo();
  const [one, other] = two.servers;
  await using socket = new TestSocket(other.ws("/ws/ws/simple/a"));
  await socket.nextOf("connected");
  const [listed] = connectionsOf(await call(one.origin, "GET"));
  const removed = await call(one.origin, "DELETE", `/${listed?.id}`);
  assertEquals(removed.status, 204);
  assertAnswer(remove, removed);
  assertEquals((await socket.nextOf("error")).code, "disconnected_by_operator");
  assertEquals((await socket.closed).code, 4409);
  const again = await call(one.origin, "DELETE", `/${listed?.id}`);
  assertEquals(
    [again.status, again.json().code],
    [404, "connection_unknown"],
  );
});

Deno.test("connectionRoutes() counts the silent nodes, and lists the rest", async () => {
  const nodes = new JoinedNodes();
  await using two = await startTwo(nodes);
  const [one, other] = two.servers;
  await using socket = new TestSocket(one.ws("/ws/ws/simple/a"));
  await socket.nextOf("connected");
  nodes.silence(other.services.registry);
  const answer = await call(one.origin, "GET");
  assertAnswer(list, answer);
  const { connections, ...rest } = answer.json();
  assertEquals([(connections as Frame[]).length, rest], [1, {
    total: 1,
    silent_nodes: 1,
  }]);
});

Deno.test("connectionRoutes() answers 503 to DELETE if a silent node may have the connection", async () => {
  const nodes = new JoinedNodes();
  await using two = await startTwo(nodes);
  const [one, other] = two.servers;
  nodes.silence(other.services.registry);
  const answer = await call(one.origin, "DELETE", `/${crypto.randomUUID()}`);
  assertEquals([answer.status, answer.json().code], [503, "node_silent"]);
  assertAnswer(remove, answer);
});

Deno.test("connectionRoutes() closes a connection even if a different node is silent", async () => {
  const nodes = new JoinedNodes();
  await using two = await startTwo(nodes);
  const [one, other] = two.servers;
  const third = await createServices(testConfig());
  nodes.join(third);
  nodes.silence(third.registry);
  await using socket = new TestSocket(other.ws("/ws/ws/simple/a"));
  await socket.nextOf("connected");
  const [{ id } = { id: "" }] = other.services.registry.list();
  const answer = await call(one.origin, "DELETE", `/${id}`);
  assertEquals(answer.status, 204);
  assertEquals((await socket.closed).code, 4409);
});

/**
 * Creates the apps of three nodes, on registries with a total of fake
 * connections.
 */
async function appsWith(count: number, nodes: JoinedNodes) {
  const joined: Services[] = [];
  for (let index = 0; index < 3; index += 1) {
    const services = await createServices(testConfig());
    joined.push({ ...services, otherNodes: nodes.join(services) });
  }
  const connections: Connection[] = [];
  for (let index = 0; index < count; index += 1) {
    const { connection } = fakeConnection(1_000, {});
    joined[index * index % 3]?.registry.add(connection);
    connections.push(connection);
  }
  return { apps: joined.map((services) => createApp(services)), connections };
}

Deno.test("connectionRoutes() lists page by page from alternating nodes while connections close", async () => {
  // Short enough to cut the page of every node.
  const { apps, connections } = await appsWith(30, new JoinedNodes(400));
  const seen: unknown[] = [];
  let query = "?limit=7";
  for (let turn = 0;; turn += 1) {
    const answer = await answerOf(
      apps[turn % 3]?.request(`/api/connections${query}`, { headers: key }) ??
        new Response(),
    );
    assertAnswer(list, answer);
    const page = connectionsOf(answer);
    assertLessOrEqual(page.length, 7);
    seen.push(...page.map(({ id }) => id));
    for (const { id } of page) {
      connections.find((connection) => connection.id === id)?.close(1001);
    }
    const { cursor } = answer.json();
    if (cursor === undefined) break;
    query = `?limit=7&cursor=${cursor}`;
  }
  assertEquals(seen, connections.map(({ id }) => id));
});
