import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { RedisNodes } from "../../src/cluster/redis_nodes.ts";
import { maxPageLength } from "../../src/store/list_page.ts";
import { answerOf } from "../support/answer.ts";
import { captureLog } from "../support/captured_log.ts";
import { fakeConnection } from "../support/fake_connection.ts";
import { needs } from "../support/needs.ts";
import { TestRedisChannel } from "../support/redis_channel.ts";
import { NodesOverRedis, type RedisNode } from "../support/nodes_over_redis.ts";
import { RedisServer } from "../support/redis_server.ts";
import { testApiKey } from "../support/server.ts";
import { type Frame, TestSocket } from "../support/socket.ts";
import { signToken } from "../support/tokens.ts";

const test = needs("redis-server");

const nobody = { kind: "disconnect", id: "nobody" } as const;
const notHere = { kind: "disconnect", isFound: false } as const;

function call({ server }: RedisNode, method: string, path = "") {
  return answerOf(fetch(`${server.origin}/api/connections${path}`, {
    method,
    headers: { Authorization: `Bearer ${testApiKey}` },
  }));
}

/** Returns a node of a test by index. */
function at(nodes: NodesOverRedis, index: number): RedisNode {
  const node = nodes.nodes[index];
  assert(node);
  return node;
}

test("RedisNodes.ask() lists and closes the connections of all nodes from any node", async () => {
  await using nodes = await NodesOverRedis.start(3);
  const [one, other] = [at(nodes, 0), at(nodes, 1)];
  await using first = new TestSocket(other.server.ws("/ws/ws/simple/上"));
  await first.nextOf("connected");
  await using second = new TestSocket(one.server.ws("/ws/test/b"));
  await second.nextOf("connected");
  let listed: Frame[] = [];
  for (const node of nodes.nodes) {
    const { connections, ...rest } = (await call(node, "GET")).json();
    listed = connections as Frame[];
    assertEquals(listed.map(({ connection_id }) => connection_id), ["上", "b"]);
    assertEquals(rest, { total: 2 });
  }
  const [id] = listed.map(({ id }) => id);
  assertEquals((await call(one, "DELETE", `/${id}`)).status, 204);
  assertEquals((await first.closed).code, 4409);
  assertEquals((await call(one, "DELETE", `/${id}`)).status, 404);
});

test("RedisNodes.ask() gets no answers without other nodes", async () => {
  await using nodes = await NodesOverRedis.start(1);
  const { otherNodes } = at(nodes, 0);
  assertEquals(await otherNodes.ask(nobody), { answers: [], silent: 0 });
});

test("RedisNodes.ask() asks many questions at once", async () => {
  await using nodes = await NodesOverRedis.start(2);
  const answers = await Promise.all(
    nodes.nodes.flatMap(({ otherNodes }) =>
      Array.from({ length: 50 }, () => otherNodes.ask(nobody))
    ),
  );
  assertEquals(
    answers.filter(({ answers, silent }) =>
      answers.length !== 1 || silent !== 0
    ),
    [],
  );
});

test("RedisNodes.ask() carries long pages", async () => {
  await using nodes = await NodesOverRedis.start(2);
  const { registry } = at(nodes, 1).server.services;
  const closing = Array.from({ length: 3_000 }, () => {
    const { connection } = fakeConnection();
    registry.add(connection);
    return connection;
  });
  const seen: unknown[] = [];
  let query = "?limit=10000";
  do {
    const { connections, cursor, total } = (await call(
      at(nodes, 0),
      "GET",
      query,
    )).json();
    assertEquals(total, 3_000);
    seen.push(...(connections as Frame[]).map(({ id }) => id));
    query = cursor === undefined ? "" : `?limit=10000&cursor=${cursor}`;
  } while (query);
  assertEquals(seen, closing.map(({ id }) => id));
  for (const connection of closing) connection.ended();
});

test("GET /api/connections bounds the bytes of all nodes together, and the cursor goes on", async () => {
  await using nodes = await NodesOverRedis.start(3);
  const taskId = "任".repeat(256);
  // No node cuts a page, but together the pages are too long.
  const counts = [3_500, 900, 900];
  const opened = counts.flatMap((count, index) =>
    Array.from({ length: count }, () => {
      const { connection } = fakeConnection(1_000, { taskId });
      at(nodes, index).server.services.registry.add(connection);
      return connection;
    })
  );
  const seen: unknown[] = [];
  const lengths: number[] = [];
  let query = "?limit=10000";
  do {
    const answer = await call(at(nodes, 0), "GET", query);
    lengths.push(answer.text.length);
    const { connections, cursor } = answer.json();
    seen.push(...(connections as Frame[]).map(({ id }) => id));
    query = cursor === undefined ? "" : `?limit=10000&cursor=${cursor}`;
  } while (query);
  assertEquals(seen, opened.map(({ id }) => id));
  assertEquals(lengths.length, 2);
  for (const length of lengths) assertLess(length, maxPageLength + 10_000);
  for (const connection of opened) connection.ended();
});

test("RedisNodes.ask() counts nodes that do not answer as silent", async () => {
  await using nodes = await NodesOverRedis.start(2);
  await using stalled = await TestRedisChannel.open(nodes.redis.url);
  await stalled.subscribe("test:nodes", () => {});
  const { otherNodes } = at(nodes, 0);
  assertEquals(await otherNodes.ask(nobody), { answers: [notHere], silent: 1 });
});

test("RedisNodes.ask() stops expecting a node once its connection is closed", async () => {
  await using nodes = await NodesOverRedis.start(2);
  const { otherNodes } = at(nodes, 0);
  assertEquals(await otherNodes.ask(nobody), { answers: [notHere], silent: 0 });
  await at(nodes, 1).channel[Symbol.asyncDispose]();
  const count = ["PUBSUB", "NUMSUB", "test:nodes"];
  while (String(await nodes.redis.command(...count)) !== "test:nodes,1");
  assertEquals(await otherNodes.ask(nobody), { answers: [], silent: 0 });
});

test("RedisNodes.ask() counts the nodes if Redis does not tell the number reached", async () => {
  await using nodes = await NodesOverRedis.start(1);
  const { otherNodes } = await nodes.add({}, false);
  assertEquals(await otherNodes.ask(nobody), { answers: [notHere], silent: 0 });
});

test("RedisNodes.ask() counts all other nodes as silent while Redis is down, and recovers", async () => {
  await using nodes = await NodesOverRedis.start(3);
  const { otherNodes } = at(nodes, 0);
  assertEquals((await otherNodes.ask(nobody)).answers, [notHere, notHere]);
  await nodes.redis.kill();
  for (const { channel } of nodes.nodes) await channel.lost;
  assertEquals(await otherNodes.ask(nobody), { answers: [], silent: 2 });
  await nodes.redis.restart();
  for (const { channel } of nodes.nodes) await channel.reconnect();
  assertEquals((await otherNodes.ask(nobody)).answers, [notHere, notHere]);
});

test("RedisNodes.start() survives malformed messages", async () => {
  await using nodes = await NodesOverRedis.start(2);
  const { otherNodes } = at(nodes, 0);
  using captured = captureLog("warn");
  for (const channel of ["test:nodes", "test:node:node_0"]) {
    for (const text of ["", "null", '{"id":"1","from":"x","answer":{}}']) {
      assertEquals(
        await nodes.redis.command("PUBLISH", channel, text),
        channel === "test:nodes" ? 2 : 1,
      );
    }
  }
  const late = { id: "1", from: "x", answer: notHere };
  await nodes.redis.command(
    "PUBLISH",
    "test:node:node_0",
    JSON.stringify(late),
  );
  assertEquals(await otherNodes.ask(nobody), { answers: [notHere], silent: 0 });
  assertMatch(captured.text, /Ignored a question/);
});

test("RedisNodes.countUser() limits a user over all nodes, and frees the place of a closed connection", async () => {
  await using nodes = await NodesOverRedis.start(2, {
    maxConnectionsPerUser: 2,
  });
  const [one, other] = [at(nodes, 0).server, at(nodes, 1).server];
  const path = `/ws/realtime/a?token=${await signToken({ sub: "42" })}`;
  await using first = new TestSocket(one.ws(path));
  await first.nextOf("sync");
  await using second = new TestSocket(other.ws(path));
  await second.nextOf("sync");
  for (const server of [one, other]) {
    await using third = new TestSocket(server.ws(path));
    assertEquals((await third.nextOf("error")).code, "too_many_connections");
    assertEquals((await third.closed).code, 4429);
  }
  second.raw.close();
  const count = ["HLEN", "test:{2}:u:node_1"];
  while (await nodes.redis.command(...count) !== 0);
  await using fourth = new TestSocket(one.ws(path));
  await fourth.nextOf("sync");
});

test("RedisNodes.countUser() limits users per node while Redis is down", async () => {
  await using nodes = await NodesOverRedis.start(2, {
    maxConnectionsPerUser: 1,
  });
  const [one, other] = [at(nodes, 0).server, at(nodes, 1).server];
  await nodes.redis.kill();
  for (const { channel } of nodes.nodes) await channel.lost;
  const path = `/ws/realtime/a?token=${await signToken({ sub: "42" })}`;
  await using first = new TestSocket(one.ws(path));
  await first.nextOf("sync");
  await using second = new TestSocket(other.ws(path));
  await second.nextOf("sync");
  await using third = new TestSocket(one.ws(path));
  assertEquals((await third.nextOf("error")).code, "too_many_connections");
});

test("RedisNodes.start() renews user counts until stopped", async () => {
  await using redis = await RedisServer.start();
  await using channel = await TestRedisChannel.open(redis.url);
  using time = new FakeTime();
  let beats = 0;
  const otherNodes = new RedisNodes({
    channel: {
      publish: (...args) => channel.publish(...args),
      subscribe: (...args) => channel.subscribe(...args),
      run(...args) {
        beats += 1;
        return channel.run(...args);
      },
    },
    prefix: "",
    node: "a",
    baseOf: () => "{1}:",
    answer: () => Promise.resolve(notHere),
    countNodes: () => Promise.resolve(1),
  });
  await otherNodes.start();
  await otherNodes.countUser("42", 1);
  await time.tickAsync(10_000);
  assertEquals(beats > 1, true);
  while (await redis.command("EXISTS", "{1}:u:a") !== 1);
  otherNodes.stop();
  const beatsBefore = beats;
  await time.tickAsync(10_000);
  assertEquals(beats, beatsBefore);
});
