import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { awayStore } from "../support/away_store.ts";
import { answerOf } from "../support/answer.ts";
import { ClientList } from "../support/client_list.ts";
import { published } from "../support/published.ts";
import { openForLists } from "../support/realtime.ts";
import { allReleased } from "../support/released.ts";
import { startTestServer, testApiKey } from "../support/server.ts";
import type { Frame } from "../support/socket.ts";
import { answerOfList, SseClient } from "../support/sse_client.ts";
import { signToken } from "../support/tokens.ts";
import { upTo } from "../support/watching.ts";

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
const ada = { headers: bearer(await signToken({ sub: "ada" })) };
const team = {
  headers: bearer(await signToken({ sub: "bob", labels: ["team:*"] })),
};

/** Returns the ids of the tasks in a `list` frame. */
function idsOf(frame: Frame): string[] {
  return (frame.tasks as { connection_id: string }[]).map((task) =>
    task.connection_id
  );
}

const keyed = { headers: bearer(testApiKey) };

Deno.test("sseRoutes() streams a list: connected, list, then changes", async () => {
  await using server = await startTestServer();
  await published(server, "a", { user_id: "ada" });
  await published(server, "b", { user_id: "eve" });
  await using client = await SseClient.openList(server, {
    query: "?mine=true",
    ...ada,
  });
  const { status, headers } = client.response;
  assertEquals([status, headers.get("content-type")], [
    200,
    "text/event-stream",
  ]);
  assertEquals(headers.get("cache-control"), "no-cache, no-transform");
  assertEquals(headers.get("x-accel-buffering"), "no");

  const connected = await client.next();
  assertEquals(
    connected.data,
    '{"type":"connected","message":"WebSocket连接成功","connection_id":"mine","user_id":"ada","auth_status":"authenticated"}',
  );
  assertMatch(connected.retry ?? "", /^\d+$/);
  const list = await client.next();
  assertEquals([list.event, list.id], ["list", undefined]);
  const frame = JSON.parse(list.data ?? "");
  assertEquals([frame.list, idsOf(frame), frame.complete], [
    "mine",
    ["a"],
    true,
  ]);

  await published(server, "c", { user_id: "ada", status: "succeeded" });
  const update = await client.next();
  assertEquals([update.event, update.id], ["list_update", undefined]);
  const { task } = JSON.parse(update.data ?? "");
  assertEquals([task.connection_id, task.status], ["c", "succeeded"]);
  await server.services.store.forget("a");
  const { event, data } = await client.next();
  assertEquals(event, "list_remove");
  assertEquals(
    data,
    '{"type":"list_remove","list":"mine","connection_id":"a"}',
  );
});

Deno.test("sseRoutes() sends the same frames of a list as a socket, byte for byte", async () => {
  await using server = await startTestServer();
  await published(server, "a", { user_id: "ada", message: "a\n\r\u2028连" });
  await using socket = await openForLists(server, { sub: "ada" });
  socket.send({ type: "subscribe_list", list: "mine", mine: true });
  await using client = await SseClient.openList(server, {
    query: "?mine=true",
    ...ada,
  });
  await client.nextOf("connected");
  const types: unknown[] = [];
  async function assertSame() {
    const { event, data } = await client.next();
    assertEquals(data, await socket.next());
    types.push(event);
  }
  await assertSame();
  await published(server, "b", { user_id: "ada" });
  await assertSame();
  await published(server, "b", { status: "failed" });
  await assertSame();
  await server.services.store.forget("b");
  await assertSame();
  assertEquals(types, ["list", "list_update", "list_update", "list_remove"]);
});

for (
  const [query, ids, isComplete] of [
    ["label=team:7", ["d", "c", "a"], true],
    ["label=team:7&label=import", ["d", "a"], true],
    ["label=team:7&status=failed", ["c"], true],
    ["label=team:7&status=failed&status=queued", ["c", "a"], true],
    ["label=team:7&limit=2", ["d", "c"], false],
    ["label=import&label=team:7&status=queued&limit=1", ["a"], true],
    ["label=team%3A8", [], true],
  ] as const
) {
  Deno.test(`sseRoutes() lists the tasks of ?${query}`, async () => {
    await using server = await startTestServer();
    const labels = ["import", "team:7"];
    await published(server, "a", { labels, status: "queued" });
    await published(server, "b", { labels: ["import"] });
    await published(server, "c", { labels: ["team:7"], status: "failed" });
    await published(server, "d", { labels, user_id: "eve" });
    await using client = await SseClient.openList(server, {
      query: `?${query}`,
      ...team,
    });
    assertEquals((await client.nextOf("connected")).connection_id, "labels");
    const frame = await client.nextOf("list");
    assertEquals(frame.list, "labels");
    assertEquals([idsOf(frame), frame.complete], [[...ids], isComplete]);
  });
}

Deno.test("sseRoutes() counts the characters of a label, as published", async () => {
  await using server = await startTestServer();
  const label = "😀".repeat(64);
  await published(server, "a", { labels: [label] });
  await using client = await SseClient.openList(server, {
    query: `?label=${encodeURIComponent(label)}`,
    headers: bearer(await signToken({ sub: "bo", labels: ["😀*"] })),
  });
  assertEquals(idsOf(await client.nextOf("list")), ["a"]);
});

for (
  const [query, reason] of [
    ["", /either mine=true or label/],
    ["?mine=true&label=a", /either mine=true or label/],
    ["?mine=false", /^mine: expected true$/],
    ["?label=a&label=b&label=c&label=d&label=e", /^label: give 4 labels/],
    ["?label=", /^label: expected 1 to 64 characters$/],
    [`?label=${"x".repeat(65)}`, /^label: expected 1 to 64 characters$/],
    [`?label=${"😀".repeat(65)}`, /^label: expected 1 to 64 characters$/],
    ["?mine=true&status=done", /^status: expected one of queued, running/],
    ["?mine=true&status=queued&status=", /^status: expected one of/],
    ["?mine=true&limit=0", /^limit: .* from 1 to 500$/],
    ["?mine=true&limit=501", /^limit: .* from 1 to 500$/],
    ["?mine=true&limit=many", /^limit: .* from 1 to 500$/],
  ] as const
) {
  Deno.test(`sseRoutes() answers 400 to /sse/list${query.slice(0, 50)}`, async () => {
    await using server = await startTestServer();
    const answer = await answerOfList(server, { query, ...ada });
    assertEquals([answer.status, answer.json().code], [400, "bad_query"]);
    assertMatch(String(answer.json().detail), reason);
    assertEquals(server.services.registry.socketCount, 0);
  });
}

Deno.test("sseRoutes() begins a list anew for a client that reconnects", async () => {
  await using server = await startTestServer();
  await published(server, "a", { user_id: "ada" });
  const request = { query: "?mine=true", ...ada };
  const released = allReleased(server);
  {
    await using first = await SseClient.openList(server, request);
    await first.nextOf("list");
    assertEquals(first.lastEventId, undefined);
  }
  await released;
  assertEquals(server.services.hub.lists.topicCount, 0);
  await server.services.store.forget("a");
  await published(server, "b", { user_id: "ada" });
  await using second = await SseClient.openList(server, request);
  assertEquals(idsOf(await second.nextOf("list")), ["b"]);
});

Deno.test("sseRoutes() lists a list's stream as a connection, which an operator can end", async () => {
  await using server = await startTestServer();
  await using client = await SseClient.openList(server, {
    query: "?label=team:7",
    ...team,
  });
  await client.nextOf("list");
  const { connections } = (await answerOf(
    fetch(`${server.origin}/api/connections`, keyed),
  )).json() as { connections: Frame[] };
  const [{ id, route, connection_id, user_id } = {}] = connections;
  assertEquals([route, connection_id, user_id], ["list_sse", "labels", "bob"]);
  await answerOf(
    fetch(`${server.origin}/api/connections/${id}`, {
      method: "DELETE",
      ...keyed,
    }),
  );
  const { code } = await client.nextOf("error");
  assertEquals(code, "disconnected_by_operator");
  assertEquals(await client.nextBlock(), { retry: "86400000" });
  assertEquals(await client.nextBlock(), undefined);
  const { handshakes } = server.services.counters;
  assertEquals(handshakes.list_sse, { accepted: 1 });
  assertEquals(server.services.hub.lists.topicCount, 0);
});

Deno.test("sseRoutes() begins a list's stream while the store is down, and lists later", async () => {
  const store = awayStore();
  await using server = await startTestServer({ services: store.services });
  await published(server, "a", { user_id: "ada" });
  store.leave();
  await using client = await SseClient.openList(server, {
    query: "?mine=true",
    ...ada,
  });
  assertEquals(client.response.status, 200);
  await client.nextOf("connected");
  store.restore();
  assertEquals(idsOf(await client.nextOf("list")), ["a"]);
});

Deno.test("sseRoutes() catches a list up for a reader that paused, within its share of memory", async () => {
  const maxBufferedBytes = 1_048_576;
  await using server = await startTestServer({ config: { maxBufferedBytes } });
  const { store, registry } = server.services;
  await using client = await SseClient.openList(server, {
    query: "?mine=true&limit=500",
    ...ada,
  });
  const list = new ClientList();
  list.take(await client.nextOf("list"));
  const [connection] = registry.list();
  const data = "x".repeat(30_000);
  let count = 0;
  // The end of a task is sent at once.
  const publish = () =>
    store.publish(`task-${count++}`, {
      user_id: "ada",
      status: "succeeded",
      data,
    });
  while (!connection?.isBacklogged) {
    await publish();
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  for (const _ of upTo(50)) await publish();
  for (const number of upTo(10)) await store.forget(`task-${count - number}`);
  assertLess(
    connection.bufferedBytes,
    maxBufferedBytes / 16 + 3 * data.length,
  );

  const kept = upTo(count - 11, 0).map((number) => `task-${number}`).sort();
  while (list.ids.sort().join() !== kept.join()) {
    const { data = "" } = await client.next();
    list.take(JSON.parse(data));
  }
});

Deno.test("sseRoutes() answers 405 to HEAD of a list, and leaves no stream open", async () => {
  await using server = await startTestServer();
  const answer = await answerOf(
    fetch(`${server.origin}/sse/list?mine=true`, { method: "HEAD", ...ada }),
  );
  assertEquals([answer.status, answer.headers.get("allow")], [
    405,
    "GET, OPTIONS",
  ]);
  assertEquals(server.services.registry.socketCount, 0);
});

Deno.test("sseRoutes() ends a list's stream when the server stops", async () => {
  await using server = await startTestServer({
    config: { drainTimeoutSeconds: 1 },
  });
  await using client = await SseClient.openList(server, {
    query: "?mine=true",
    ...ada,
  });
  await client.nextOf("list");
  const stopped = server.stop();
  assertEquals((await client.nextOf("error")).code, "server_restarting");
  const { retry } = await client.nextBlock() ?? {};
  assert(Number(retry) > 1_000);
  assertEquals(await client.nextBlock(), undefined);
  await stopped;
});
