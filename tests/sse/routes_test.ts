import { assert, assertEquals, assertMatch } from "@std/assert";
import { answerOf } from "../support/answer.ts";
import { published } from "../support/published.ts";
import { allLeft, openRealtime } from "../support/realtime.ts";
import { allReleased } from "../support/released.ts";
import { startTestServer } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";
import { answerOfStream, SseClient } from "../support/sse_client.ts";
import { signToken } from "../support/tokens.ts";

Deno.test("sseRoutes() streams a task from connected to end", async () => {
  await using server = await startTestServer();
  await published(server, "a/b", { progress: 0.1 });
  await using client = await SseClient.open(server, "a/b");
  const { status, headers } = client.response;
  assertEquals([status, headers.get("content-type")], [
    200,
    "text/event-stream",
  ]);
  assertEquals(headers.get("cache-control"), "no-cache, no-transform");
  assertEquals(headers.get("x-accel-buffering"), "no");

  const { event, data, id, retry } = await client.next();
  assertEquals([event, id], ["connected", undefined]);
  assertEquals(
    data,
    '{"type":"connected","message":"WebSocket连接成功","connection_id":"a/b","user_id":1,"auth_status":"guest"}',
  );
  assert(Number(retry) >= 500 && Number(retry) <= 5_000);
  const sync = await client.next();
  const { epoch, offset, recovered, task } = JSON.parse(sync.data ?? "");
  assertEquals([sync.event, sync.id], ["sync", `${epoch}:1`]);
  assertEquals([offset, recovered, task.progress], [1, false, 0.1]);

  await published(server, "a/b", { progress: 0.2 });
  const running = await client.next();
  assertEquals([running.event, running.id], ["task", `${epoch}:2`]);
  assertEquals(JSON.parse(running.data ?? "").progress, 0.2);
  await published(server, "a/b", { status: "succeeded" });
  const [last, ...rest] = await client.toTheEnd();
  assertEquals([last?.event, last?.id], ["task", `${epoch}:3`]);
  assertEquals(JSON.parse(last?.data ?? "").status, "succeeded");
  assertEquals(rest, [{ event: "end", data: '{"type":"end"}' }]);
});

Deno.test("sseRoutes() sends the same frames as a socket, byte for byte", async () => {
  await using server = await startTestServer();
  await published(server, "a", {
    progress: 0.1,
    data: { text: "\n\r\u2028连" },
  });
  const token = await signToken({ sub: "12345678901234567890" });
  const path = `/ws/realtime/a?token=${token}&epoch=x&offset=3`;
  await using socket = new TestSocket(server.ws(path));
  await using client = await SseClient.open(server, "a", {
    query: `?token=${token}&epoch=x&offset=3`,
  });
  const socketFrames: unknown[] = [];
  const sseFrames: unknown[] = [];
  // The number of watchers is part of `sync`.
  const alike = (frame: unknown) =>
    String(frame).replace(/"watchers":\d+/, '"watchers":0');
  async function readBoth(count: number) {
    for (let read = 0; read < count; read += 1) {
      socketFrames.push(alike(await socket.next()));
      sseFrames.push(alike((await client.next()).data));
    }
  }
  await readBoth(2);
  await published(server, "a", { progress: 0.2, message: "a\nb" });
  await readBoth(1);
  assertEquals(
    (await server.services.store.publish("a", { kind: "cancel" })).kind,
    "noted",
  );
  await readBoth(1);
  await server.services.store.forget("a");
  await readBoth(1);
  await published(server, "a", { status: "queued" });
  await readBoth(2);
  assertEquals(sseFrames, socketFrames);
  assertEquals(
    sseFrames.map((frame) => JSON.parse(String(frame)).type),
    [
      "connected",
      "sync",
      "task",
      "cancel_requested",
      "deleted",
      "sync",
      "task",
    ],
  );
});

Deno.test("sseRoutes() ends at once for a new watcher of a finished task", async () => {
  await using server = await startTestServer();
  await published(server, "a", { status: "failed" });
  await using client = await SseClient.open(server, "a");
  const events = (await client.toTheEnd()).map(({ event }) => event);
  assertEquals(events, ["connected", "sync", "end"]);
});

Deno.test("sseRoutes() waits for an unpublished task, and follows the next epoch", async () => {
  await using server = await startTestServer();
  await using client = await SseClient.open(server, "a");
  assertEquals((await client.nextOf("sync")).task, null);
  await published(server, "a", {});
  assertEquals((await client.nextOf("task")).offset, 1);
  await server.services.store.forget("a");
  assertEquals(await client.nextOf("deleted"), {
    type: "deleted",
    connection_id: "a",
  });
  await published(server, "a", { status: "done" });
  assertEquals((await client.nextOf("task")).offset, 1);
  assertEquals((await client.next()).event, "end");
});

Deno.test("sseRoutes() lists a stream as a connection until the client disconnects", async () => {
  await using server = await startTestServer();
  const { registry, hub } = server.services;
  const client = await SseClient.open(server, "a", {
    query: `?token=${await signToken({ sub: "42" })}`,
  });
  await client.nextOf("sync");
  const [connection] = registry.list();
  assertEquals(connection?.handshake.route, "realtime_sse");
  assertEquals([connection?.userId, connection?.authStatus], [
    "42",
    "authenticated",
  ]);
  assertEquals([registry.socketCount, hub.watcherCount("a")], [1, 1]);
  const released = allReleased(server);
  const left = allLeft(hub, ["a"]);
  await client[Symbol.asyncDispose]();
  await Promise.all([released, left]);
  assertEquals(registry.list(), []);
  assertEquals(registry.socketsOf("127.0.0.1"), 0);
});

Deno.test("sseRoutes() forgets a stream that has ended", async () => {
  await using server = await startTestServer();
  const released = allReleased(server);
  await published(server, "a", { status: "done" });
  const { text } = await answerOfStream(server, "a");
  assertMatch(text, /event: end\n.*\n\n$/);
  await released;
  assertEquals(server.services.hub.watcherCount("a"), 0);
});

Deno.test("sseRoutes() counts as a watcher", async () => {
  await using server = await startTestServer();
  await using client = await SseClient.open(server, "a");
  await client.nextOf("sync");
  await using socket = await openRealtime(server, "a");
  const answer = await answerOf(server.publish("a", {}));
  assertEquals(answer.json().delivered, 2);
  await socket.nextOf("task");
});

for (const path of ["", "%", "a%00", "%E4%B8", "a".repeat(257)]) {
  Deno.test(`sseRoutes() answers 400 to the id ${JSON.stringify(path.slice(0, 9))}`, async () => {
    await using server = await startTestServer();
    const url = `${server.origin}/sse/realtime/${path}`;
    const answer = await answerOf(fetch(url));
    assertEquals([answer.status, answer.json().code], [
      400,
      "bad_connection_id",
    ]);
    assertEquals(server.services.registry.socketCount, 0);
  });
}

Deno.test("sseRoutes() answers 405 to HEAD, and leaves no stream open", async () => {
  await using server = await startTestServer();
  const answer = await answerOf(
    fetch(`${server.origin}/sse/realtime/a`, { method: "HEAD" }),
  );
  assertEquals([answer.status, answer.headers.get("allow")], [
    405,
    "GET, OPTIONS",
  ]);
  assertEquals(server.services.registry.socketCount, 0);
});
