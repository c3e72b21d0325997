import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Payload } from "djwt";
import { answerOf } from "../../support/answer.ts";
import { FakeTime } from "../../support/fake_time.ts";
import { published } from "../../support/published.ts";
import { openRealtime } from "../../support/realtime.ts";
import { allReleased } from "../../support/released.ts";
import { startTestServer, testApiKey } from "../../support/server.ts";
import type { Frame } from "../../support/socket.ts";
import { answerOfTasks, SseClient } from "../../support/sse_client.ts";
import { secondsFromNow, signToken } from "../../support/tokens.ts";

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
const keyed = { headers: bearer(testApiKey) };

/** Returns the ids of the tasks in a `list` frame. */
function idsOf(frame: Frame): string[] {
  return (frame.tasks as { connection_id: string }[]).map((task) =>
    task.connection_id
  );
}

/** Returns the id of the next changed task. */
async function nextChanged(client: SseClient): Promise<unknown> {
  const { task } = await client.nextOf("list_update");
  return (task as Frame).connection_id;
}

Deno.test("GET tasks as a stream sends the snapshots of the JSON, then changes", async () => {
  await using server = await startTestServer();
  const readJson = async (path: string) =>
    (await answerOf(fetch(`${server.origin}${path}`, keyed))).json();
  await published(server, "open", { title: "a\n连", lease: 600 });
  await published(server, "ada's", { user_id: "ada", labels: ["import"] });
  await using _ = await openRealtime(server, "open");
  await using client = await SseClient.openTasks(server, keyed);
  const { status, headers } = client.response;
  assertEquals([status, headers.get("content-type")], [
    200,
    "text/event-stream",
  ]);
  const first = await client.next();
  assertEquals([first.event, first.id], ["list", undefined]);
  assertEquals(JSON.parse(first.data ?? ""), {
    type: "list",
    list: "tasks",
    ...await readJson("/api/tasks"),
    complete: true,
  });

  await published(server, "open", { lease: 60 });
  const update = await client.next();
  const task = await readJson("/api/tasks/open");
  assert("lease_ends_at" in task);
  assertEquals(JSON.parse(update.data ?? ""), {
    type: "list_update",
    list: "tasks",
    task,
  });
  await server.services.store.publish("open", { kind: "cancel" });
  const asked = await client.nextOf("list_update");
  assertEquals((asked.task as Frame).cancel_requested, true);
  await server.services.store.forget("ada's");
  assertEquals(await client.nextOf("list_remove"), {
    type: "list_remove",
    list: "tasks",
    connection_id: "ada's",
  });
});

for (
  const [query, before, after] of [
    ["", ["d", "c", "b", "a"], ["e", "f", "g"]],
    ["?limit=2", ["d", "c"], ["e", "f", "g"]],
    ["?status=failed", ["c"], ["g"]],
    ["?label=team:7", ["c", "a"], ["f", "g"]],
    ["?label=team:7&label=import", ["a"], ["f"]],
    ["?user_id=ada", ["d"], ["e"]],
    ["?user_id=ada&label=import", [], ["e"]],
  ] as const
) {
  Deno.test(`GET tasks as a stream of '${query}' shows the matching tasks`, async () => {
    await using server = await startTestServer();
    await published(server, "a", { labels: ["import", "team:7"] });
    await published(server, "b", { labels: ["import"] });
    await published(server, "c", { labels: ["team:7"], status: "failed" });
    await published(server, "d", { user_id: "ada" });
    await using client = await SseClient.openTasks(server, { query, ...keyed });
    const frame = await client.nextOf("list");
    assertEquals([idsOf(frame), frame.complete], [
      [...before],
      query !== "?limit=2",
    ]);
    await published(server, "e", { user_id: "ada", labels: ["import"] });
    await published(server, "f", { labels: ["team:7", "import"] });
    await published(server, "g", { labels: ["team:7"], status: "failed" });
    const seen = new Set();
    while (seen.size < after.length) seen.add(await nextChanged(client));
    assertEquals([...seen].sort(), [...after]);
  });
}

const limits: [claims: Payload, inReach: readonly string[]][] = [
  [{}, ["labeled", "mine/1", "plain"]],
  [{ tasks: ["mine/*"] }, ["mine/1"]],
  [{ labels: ["team:*"] }, ["labeled"]],
  [{ tasks: ["mine/*"], labels: ["team:*"] }, ["labeled", "mine/1"]],
];

for (const [claims, inReach] of limits) {
  Deno.test(`GET tasks as a stream shows a token with ${JSON.stringify(claims)} no other tasks`, async () => {
    await using server = await startTestServer();
    await published(server, "plain", {});
    await published(server, "mine/1", {});
    await published(server, "labeled", { labels: ["team:7"] });
    const token = await signToken({ scope: "admin", ...claims });
    await using client = await SseClient.openTasks(server, {
      headers: bearer(token),
    });
    const list = await client.nextOf("list");
    assertEquals(idsOf(list).sort(), [...inReach]);
    // The end of a task is never delayed: the order is that of the events.
    await published(server, "plain", { status: "failed" });
    await published(server, "mine/1", { status: "failed" });
    await published(server, "labeled", { status: "failed" });
    await published(server, "mine/end", {
      status: "failed",
      labels: ["team:7"],
    });
    const changed: unknown[] = [];
    while (changed.at(-1) !== "mine/end") {
      changed.push(await nextChanged(client));
    }
    assertEquals(changed.sort(), [...inReach, "mine/end"].sort());
  });
}

for (
  const [query, key, status, code] of [
    ["", "", 401, "unauthorized"],
    ["", "wrong", 401, "unauthorized"],
    ["", await signToken({ scope: "publish" }), 403, "insufficient_scope"],
    ["?limit=0", testApiKey, 400, "bad_query"],
    ["?limit=1001", testApiKey, 400, "bad_query"],
    ["?status=done", testApiKey, 400, "bad_query"],
    ["?cursor=1", testApiKey, 400, "bad_query"],
  ] as const
) {
  Deno.test(`GET tasks as a stream answers ${status} ${code} to '${query}'${key === testApiKey ? "" : ` with the key '${key.slice(0, 5)}'`}`, async () => {
    await using server = await startTestServer();
    const answer = await answerOfTasks(server, { query, headers: bearer(key) });
    assertEquals([answer.status, answer.json().code], [status, code]);
    assertEquals(server.services.registry.socketCount, 0);
    assertEquals(server.services.hub.lists.topicCount, 0);
    assertEquals(server.services.counters.handshakes.tasks_sse, {
      accepted: 0,
      [code]: 1,
    });
  });
}

Deno.test("GET tasks answers JSON unless GET asks for a stream", async () => {
  await using server = await startTestServer();
  const ask = (method: string, accept: string) =>
    answerOf(fetch(`${server.origin}/api/tasks`, {
      method,
      headers: { ...keyed.headers, Accept: accept },
    }));
  for (const accept of ["*/*", "application/json", "text/html"]) {
    const { headers } = await ask("GET", accept);
    assertMatch(headers.get("content-type") ?? "", /^application\/json/);
  }
  assertEquals((await ask("HEAD", "text/event-stream")).status, 200);
  assertEquals(server.services.registry.socketCount, 0);
});

Deno.test("GET tasks as a stream ends when the token expires", async () => {
  await using server = await startTestServer({
    config: { jwtLeewaySeconds: 0 },
  });
  using time = new FakeTime();
  const token = await signToken({
    scope: "admin",
    exp: secondsFromNow(60),
  });
  await using client = await SseClient.openTasks(server, {
    headers: bearer(token),
  });
  await client.nextOf("list");
  time.tick(61_000);
  time.tick(61_000);
  const [error, ...rest] = await client.toTheEnd();
  assertEquals(JSON.parse(error?.data ?? "").code, "token_expired");
  assertEquals(rest, []);
  assertEquals(server.services.hub.lists.topicCount, 0);
});

Deno.test("GET tasks as a stream is a connection, until the client disconnects", async () => {
  await using server = await startTestServer();
  const token = await signToken({ sub: "ops", scope: "admin" });
  const released = allReleased(server);
  {
    await using client = await SseClient.openTasks(server, {
      headers: bearer(token),
    });
    await client.nextOf("list");
    const answer = await answerOf(
      fetch(`${server.origin}/api/connections`, keyed),
    );
    const [connection] = answer.json().connections as Frame[];
    assertEquals(
      [connection?.route, connection?.connection_id, connection?.user_id],
      ["tasks_sse", "tasks", "ops"],
    );
  }
  await released;
  assertEquals(server.services.hub.lists.topicCount, 0);
});
