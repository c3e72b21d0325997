import { assert, assertEquals } from "@std/assert";
import {
  type AnsweringNode,
  answerQuestion,
  disconnect,
  listConnections,
  readStats,
} from "../../src/connections/answer_question.ts";
import type { ConnectionsQuestion } from "../../src/cluster/other_nodes.ts";
import { addGauge, Registry } from "../../src/metrics/prometheus.ts";
import { ConnectionRegistry } from "../../src/connections/registry.ts";
import { Throughput } from "../../src/metrics/throughput.ts";
import { fakeConnection } from "../support/fake_connection.ts";

/**
 * Creates a registry with a number of connections, of three tasks and two
 * users.
 */
function registryOf(count: number) {
  const registry = new ConnectionRegistry();
  const fakes = Array.from({ length: count }, (_, index) => {
    const fake = fakeConnection(1_000, { taskId: `task_${index % 3}` });
    fake.connection.userId = String(index % 2);
    registry.add(fake.connection);
    return fake;
  });
  const connections = fakes.map(({ connection }) => connection);
  const ids = connections.map(({ id }) => id);
  return { registry, fakes, connections, ids };
}

function nodeOf(registry: ConnectionRegistry): AnsweringNode {
  const throughput = new Throughput(() => registry.openCount);
  const metrics = new Registry();
  addGauge(metrics, { name: "a", help: "A.", read: () => 7 });
  return {
    registry,
    throughput,
    metrics: () => Promise.resolve(metrics),
    worker: 3,
  };
}

function question(
  members: Partial<ConnectionsQuestion> = {},
): ConnectionsQuestion {
  return { kind: "connections", limit: 100, ...members };
}

const idsOf = (listed: readonly { readonly id: string }[]) =>
  listed.map(({ id }) => id);

Deno.test("listConnections() encodes each connection with its position", () => {
  const { registry, connections: [connection] } = registryOf(1);
  assert(connection);
  connection.authStatus = "authenticated";
  connection.userId = "1152921504606846976"; // 2^60
  const { connections: [listed], ...rest } = listConnections(
    question(),
    registry,
  );
  assertEquals(rest, { kind: "connections", total: 1, isCut: false });
  assertEquals(
    [listed?.serial, listed?.id],
    [connection.serial, connection.id],
  );
  assertEquals(
    listed?.json,
    `{"id":"${connection.id}","route":"test_websocket","connection_id":"task_0","user_id":1152921504606846976,"auth_status":"authenticated","remote_address":"127.0.0.1","since":"${connection.openedAt.toISOString()}","queued_bytes":0}`,
  );
});

Deno.test("listConnections() says whether the limit cut the page", () => {
  const { registry, ids } = registryOf(3);
  const all = listConnections(question({ limit: 3 }), registry);
  assertEquals([idsOf(all.connections), all.isCut], [ids, false]);
  const two = listConnections(question({ limit: 2 }), registry);
  assertEquals([idsOf(two.connections), two.isCut], [ids.slice(0, 2), true]);
});

Deno.test("listConnections() goes on after a position, whether or not its connection is still open", () => {
  const { registry, connections, ids } = registryOf(4);
  const [, after] = connections;
  assert(after);
  const { serial, id } = after;
  for (const _ of ["open", "closed"]) {
    const page = listConnections(question({ after: { serial, id } }), registry);
    assertEquals(idsOf(page.connections), ids.slice(2));
    after.close(1001);
  }
});

Deno.test("listConnections() lists those of a task and user, and counts all", () => {
  const { registry, ids } = registryOf(12);
  const answer = listConnections(
    question({ taskId: "task_1", userId: "1" }),
    registry,
  );
  assertEquals(
    idsOf(answer.connections),
    ids.filter((_, index) => index % 6 === 1),
  );
  assertEquals(answer.total, 12);
});

Deno.test("answerQuestion() keeps a page short, and lists one connection at least", async () => {
  const { registry, ids } = registryOf(10);
  const [one] = listConnections(question(), registry).connections;
  const length = one?.json.length ?? 0; // of all connections
  for (const [maxLength, count] of [[1, 1], [2 * length, 2], [9_999, 10]]) {
    assert(maxLength && count);
    const answer = await answerQuestion(
      question(),
      nodeOf(registry),
      maxLength,
    );
    assert(answer.kind === "connections");
    assertEquals(idsOf(answer.connections), ids.slice(0, count));
    assertEquals(answer.isCut, count < 10);
  }
});

Deno.test("answerQuestion() answers in plain JSON", async () => {
  const { registry } = registryOf(2);
  for (
    const asked of [
      question(),
      { kind: "disconnect", id: "nobody" },
      { kind: "stats", since: 0 },
      { kind: "metrics" },
    ] as const
  ) {
    const answer = await answerQuestion(asked, nodeOf(registry));
    assertEquals(answer.kind, asked.kind);
    assertEquals(JSON.parse(JSON.stringify(answer)), answer);
  }
});

Deno.test("answerQuestion() closes the connection that is to be closed, once", async () => {
  const { registry, ids, fakes } = registryOf(2);
  const node = nodeOf(registry);
  const asked = { kind: "disconnect", id: ids[1] ?? "" } as const;
  assertEquals(
    [await answerQuestion(asked, node), await answerQuestion(asked, node)],
    [
      { kind: "disconnect", isFound: true },
      { kind: "disconnect", isFound: false },
    ],
  );
  assertEquals(
    fakes.map(({ transport }) => transport.closes.map(({ code }) => code)),
    [[], [4409]],
  );
});

Deno.test("disconnect() sends disconnected_by_operator", () => {
  const { registry, ids, fakes: [fake] } = registryOf(1);
  assertEquals(disconnect(ids[0] ?? "", registry), true);
  assertEquals(fake?.transport.frames[0]?.code, "disconnected_by_operator");
});

Deno.test("answerQuestion() shows the metrics of the worker", async () => {
  const node = nodeOf(registryOf(0).registry);
  assertEquals(await answerQuestion({ kind: "metrics" }, node), {
    kind: "metrics",
    worker: 3,
    text: "# HELP a A.\n# TYPE a gauge\na 7\n",
  });
});

Deno.test("readStats() returns the throughput of this process in the requested seconds", () => {
  const { registry } = registryOf(2);
  const startedAtMs = (Math.floor(Date.now() / 1_000) - 3) * 1_000;
  const throughput = new Throughput(() => 5, startedAtMs);
  throughput.publish(20, 3, startedAtMs);
  const since = startedAtMs / 1_000 + 2;
  const { history, ...rest } = readStats(since, { registry, throughput });
  assertEquals(rest, {
    startedAtMs,
    connections: 2,
    totals: { published: 1, delivered: 3 },
  });
  assertEquals(history.from, since);
  assertEquals(history.connections[0], 5);
});
