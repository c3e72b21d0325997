import { assertEquals } from "@std/assert";
import { Throughput } from "../../../src/metrics/throughput.ts";
import { answerOf } from "../../support/answer.ts";
import { assertAnswer } from "../../support/documents.ts";
import { JoinedNodes } from "../../support/joined_nodes.ts";
import {
  startTestServer,
  testApiKey,
  type TestServer,
} from "../../support/server.ts";
import { TestSocket } from "../../support/socket.ts";

/**
 * Starts a server after its first second: one event, delivered to all watchers.
 */
function start(
  nodes: JoinedNodes,
  { startedAtMs, latencyMs }: { startedAtMs: number; latencyMs: number },
): Promise<TestServer> {
  return startTestServer({
    services(made) {
      const throughput = new Throughput(
        () => made.registry.openCount,
        startedAtMs,
      );
      throughput.publish(latencyMs, 2, startedAtMs);
      return { throughput, otherNodes: nodes.join({ ...made, throughput }) };
    },
  });
}

async function readStats({ origin }: TestServer, query = "") {
  const answer = await answerOf(fetch(`${origin}/api/stats${query}`, {
    headers: { Authorization: `Bearer ${testApiKey}` },
  }));
  assertEquals(answer.status, 200, answer.text);
  assertAnswer("GET /api/stats", answer);
  const { seconds, now: _, ...rest } = answer.json();
  return { rest, seconds: seconds as { [name: string]: unknown[] } };
}

/** Returns the second of three seconds ago, which is complete. */
function threeSecondsAgo(): number {
  return (Math.floor(Date.now() / 1_000) - 3) * 1_000;
}

Deno.test("throughputRoutes() sums over all nodes, on any node", async () => {
  const startedAtMs = threeSecondsAgo();
  const nodes = new JoinedNodes();
  await using one = await start(nodes, { startedAtMs, latencyMs: 7 });
  await using other = await start(nodes, {
    startedAtMs: startedAtMs + 1_000,
    latencyMs: 3,
  });
  await using third = await start(nodes, { startedAtMs, latencyMs: 4 });
  const servers = [one, other, third];
  await using stack = new AsyncDisposableStack();
  for (const server of [one, one, third]) {
    const socket = stack.use(new TestSocket(server.ws("/ws/test/a")));
    await socket.nextOf("connected");
  }
  for (const server of servers) {
    const { rest, seconds } = await readStats(server);
    assertEquals(rest, {
      started_at: new Date(startedAtMs).toISOString(),
      nodes: 3,
      connections: 3,
      totals: { published: 3, delivered: 6 },
    });
    const { from, ...lists } = seconds;
    assertEquals(from as unknown, startedAtMs / 1_000);
    const firsts = Object.entries(lists).map(([name, list]) =>
      [name, list.slice(0, 2)] as const
    );
    assertEquals(Object.fromEntries(firsts), {
      published: [2, 1],
      delivered: [4, 2],
      connections: lists.connections?.slice(0, 2) ?? [],
      p50_ms: [7, 3],
      p99_ms: [7, 3],
    });
  }
});

Deno.test("throughputRoutes() leaves out the seconds before 'since' of all nodes", async () => {
  const startedAtMs = threeSecondsAgo();
  const nodes = new JoinedNodes();
  await using one = await start(nodes, { startedAtMs, latencyMs: 7 });
  await using _other = await start(nodes, { startedAtMs, latencyMs: 7 });
  const since = startedAtMs / 1_000 + 1;
  const { seconds } = await readStats(one, `?since=${since}`);
  assertEquals(seconds.from as unknown, since);
  assertEquals(seconds.published?.[0], 0);
});

Deno.test("throughputRoutes() counts the silent nodes, and sums the rest", async () => {
  const startedAtMs = threeSecondsAgo();
  const nodes = new JoinedNodes();
  await using one = await start(nodes, { startedAtMs, latencyMs: 7 });
  await using other = await start(nodes, { startedAtMs, latencyMs: 7 });
  nodes.silence(other.services.registry);
  const { rest } = await readStats(one);
  assertEquals(rest, {
    started_at: new Date(startedAtMs).toISOString(),
    silent_nodes: 1,
    connections: 0,
    totals: { published: 1, delivered: 2 },
  });
});
