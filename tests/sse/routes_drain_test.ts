import { assert, assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "../support/fake_time.ts";
import { RawStream } from "../support/raw_stream.ts";
import { startTestServer } from "../support/server.ts";
import { answerOfStream, SseClient } from "../support/sse_client.ts";

Deno.test("sseRoutes() ends each stream with an error when the server stops", async () => {
  await using server = await startTestServer({
    config: { drainTimeoutSeconds: 60 },
  });
  using time = new FakeTime();
  await using first = await SseClient.open(server, "a");
  await first.nextOf("sync");
  await using second = await SseClient.open(server, "b");
  await second.nextOf("sync");
  const stopped = server.stop();
  assertEquals((await first.nextOf("error")).code, "server_restarting");
  const { retry } = await first.nextBlock() ?? {};
  // A browser gives up after a 503, so reconnects must reach the next server.
  assert(Number(retry) > 60_000);
  assertEquals(await first.nextBlock(), undefined);

  const refused = await answerOfStream(server, "c");
  assertEquals([refused.status, refused.json().code], [503, "draining"]);
  assert(refused.headers.has("retry-after"));

  while (server.services.registry.list().length > 0) await time.nextAsync();
  assertEquals((await second.nextOf("error")).code, "server_restarting");
  assertEquals((await second.toTheEnd()).length, 0);
  let isStopped = false;
  stopped.then(() => isStopped = true);
  while (!isStopped) await time.tickAsync();
  await assertRejects(() => answerOfStream(server, "a"), TypeError);
  assertEquals(server.services.registry.socketCount, 0);
});

Deno.test("sseRoutes() does not keep a server from stopping by a reader that stopped reading", async () => {
  await using server = await startTestServer({
    config: { drainTimeoutSeconds: 1 },
  });
  const { store, registry } = server.services;
  using _stalled = await RawStream.open(`${server.origin}/sse/realtime/a`);
  const data = "x".repeat(60_000);
  while (!registry.list()[0]?.isBacklogged) {
    await store.publish("a", { data });
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  await server.stop();
  assertEquals(registry.list(), []);
});

Deno.test("sseRoutes() sends pings even if sockets get none", async () => {
  await using server = await startTestServer({
    config: { idleTimeoutSeconds: 0 },
  });
  using time = new FakeTime();
  await using client = await SseClient.open(server, "a");
  await client.nextOf("sync");
  time.tick(25_000);
  assertEquals(await client.nextBlock(), { comment: "ping" });
});

Deno.test("sseRoutes() sends a ping at half the idle timeout", async () => {
  await using server = await startTestServer({
    config: { idleTimeoutSeconds: 20 },
  });
  using time = new FakeTime();
  await using client = await SseClient.open(server, "a");
  await client.nextOf("sync");
  for (let round = 0; round < 3; round += 1) {
    time.tick(10_000);
    assertEquals(await client.nextBlock(), { comment: "ping" });
  }
});
