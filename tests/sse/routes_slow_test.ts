import { setImmediate } from "node:timers";
import { assert, assertEquals, assertLess } from "@std/assert";
import { FakeTime } from "../support/fake_time.ts";
import type { Connection } from "../../src/connections/connection.ts";
import { dataOf, RawStream } from "../support/raw_stream.ts";
import { openRealtime } from "../support/realtime.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

/** Resolves with the next listed connection, once the client watches the task. */
function nextWatching({ services }: TestServer): Promise<Connection> {
  const { hub, registry } = services;
  return new Promise((resolve) => {
    const join = hub.join.bind(hub);
    hub.join = (...args) => {
      const connection = registry.list().at(-1);
      hub.join = join;
      if (connection) resolve(connection);
      return join(...args);
    };
  });
}

/** Watches a task without reading. */
async function openStalled(server: TestServer, id: string) {
  const watching = nextWatching(server);
  const client = await RawStream.open(`${server.origin}/sse/realtime/${id}`);
  const connection = await watching;
  return { client, connection };
}

/** Lets the runtime read and write at a frozen time. */
async function turn(time: FakeTime): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await time.tickAsync(0);
}

/** Fills the buffers of a connection until the client counts as slow. */
type Slowing = (
  server: TestServer,
  connection: Connection,
  time: FakeTime,
) => Promise<void>;

/** Publishes over the limit of waiting bytes, without a reader. */
const fill: Slowing = async ({ services: { store } }, connection, time) => {
  const data = "x".repeat(30_000);
  for (let turns = 0; turns < 50;) {
    const bytes = connection.bufferedBytes;
    if (connection.isBacklogged) await turn(time);
    else {
      await store.publish("a", { data });
      await time.tickAsync(1); // for the waiting watcher
    }
    const isStill = connection.isBacklogged &&
      bytes === connection.bufferedBytes;
    turns = isStill ? turns + 1 : 0;
  }
};

/** Publishes more bytes than the kernel and the buffer hold. */
const flood: Slowing = async ({ services: { store } }, connection, time) => {
  await store.publish("a", { data: "x".repeat(16 * 1_048_576) });
  while (connection.bufferedBytes <= 1_048_576) await turn(time);
};

Deno.test("sseRoutes() merges for a stopped reader, within the reader's share of memory", async () => {
  const maxBufferedBytes = 1_048_576;
  await using server = await startTestServer({ config: { maxBufferedBytes } });
  const { store, counters } = server.services;
  const { client, connection } = await openStalled(server, "a");
  using _ = client;
  await using beside = await openRealtime(server, "a");

  const events = 500;
  const data = "x".repeat(30_000); // 15 MB; the kernel takes about 4
  let mostBytes = 0;
  for (let offset = 1; offset <= events; offset += 1) {
    const isLast = offset === events;
    await store.publish("a", isLast ? { status: "succeeded" } : { data });
    const { offset: seen, skipped } = await beside.nextOf("task");
    assertEquals([seen, skipped], [offset, undefined]);
    mostBytes = Math.max(mostBytes, connection.bufferedBytes);
  }
  assert(mostBytes > 0);
  assertLess(mostBytes, maxBufferedBytes / 16 + 2 * data.length);
  assert(connection.isBacklogged);

  const text = await client.text(); // begins to read
  const tasks = dataOf(text, "task");
  const skipped = tasks.reduce(
    (sum, task) => sum + Number(task.skipped ?? 0),
    0,
  );
  assert(skipped > 100);
  assertEquals(tasks.length + skipped, events);
  assertEquals(tasks.at(-1)?.status, "succeeded");
  assertEquals(dataOf(text, "end"), [{ type: "end" }]);
  assertEquals(counters.mergedEvents, skipped);
  assertEquals(counters.evictedConnections, 0);
});

for (
  const [criterion, makeSlow, afterMs] of [
    ["5 s over the limit", flood, 5_000],
    ["the idle timeout in which it takes nothing", fill, 20_000],
  ] as const
) {
  Deno.test(`sseRoutes() evicts a reader that stops after ${criterion}`, async () => {
    await using server = await startTestServer({
      config: { idleTimeoutSeconds: 20, maxBufferedBytes: 1_048_576 },
    });
    const { counters, hub, registry } = server.services;
    using time = new FakeTime();
    const { client, connection } = await openStalled(server, "a");
    using _ = client;
    await makeSlow(server, connection, time);
    await server.services.store.publish("a", {}); // has to wait
    const startedAt = time.now;
    while (!connection.isClosed && time.now - startedAt < 60_000) {
      await time.tickAsync(250);
    }
    // The times at which the watcher begins to wait and checks.
    assertLess(Math.abs(time.now - startedAt - afterMs), 1_000);
    assertEquals(counters.evictedConnections, 1);
    assertEquals([registry.list(), hub.watcherCount("a")], [[], 0]);
    // The socket is still open, and counts.
    assertEquals(registry.socketCount, 1);
    const text = await client.text();
    const told = dataOf(text, "error").map(({ code }) => code);
    assertEquals(told, afterMs === 5_000 ? [] : ["too_slow"]);
    assertEquals(dataOf(text, "end"), []);
  });
}
