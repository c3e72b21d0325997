import { assertEquals } from "@std/assert";
import { answerOf } from "../../support/answer.ts";
import {
  startTestServer,
  testApiKey,
  type TestServer,
} from "../../support/server.ts";
import { TestSocket } from "../../support/socket.ts";

/** Posts to an unencoded path, unlike `TestServer.publish`. */
function post(
  server: TestServer,
  path: string,
  body = "{}",
  headers: Record<string, string> = {},
) {
  return answerOf(fetch(server.origin + path, {
    method: "POST",
    headers: { Authorization: `Bearer ${testApiKey}`, ...headers },
    body,
  }));
}

Deno.test("POST events answers 201 with exactly the members of the specification", async () => {
  await using server = await startTestServer();
  const answer = await answerOf(server.publish("upload_123456", {}));
  const { epoch } = await server.services.store.read("upload_123456");
  assertEquals(answer.status, 201);
  assertEquals(answer.headers.get("content-type"), "application/json");
  assertEquals(
    answer.text,
    `{"connection_id":"upload_123456","epoch":"${epoch}","offset":1,"delivered":0,"duplicate":false,"cancel_requested":false}`,
  );
});

Deno.test("POST events counts offsets from 1 for each task", async () => {
  await using server = await startTestServer();
  const offsets = [];
  for (const id of ["a", "a", "b", "a"]) {
    offsets.push((await answerOf(server.publish(id, {}))).json().offset);
  }
  assertEquals(offsets, [1, 2, 1, 3]);
});

Deno.test("POST events delivers to every watcher, and answers with the number of watchers", async () => {
  await using server = await startTestServer();
  await using one = new TestSocket(server.ws("/ws/realtime/a"));
  await using two = new TestSocket(server.ws("/ws/realtime/a"));
  await using other = new TestSocket(server.ws("/ws/realtime/b"));
  for (const socket of [one, two, other]) await socket.nextOf("sync");
  const event = {
    status: "STARTED",
    current: 42,
    total: 100,
    unit: "rows",
    message: "转码",
    data: { frame: 1_200 },
    event_id: "e1",
  };
  const { json } = await answerOf(server.publish("a", event));
  assertEquals(json().delivered, 2);
  const { timestamp, ...frame } = await one.nextFrame();
  assertEquals(frame, {
    type: "task",
    connection_id: "a",
    offset: 1,
    event_id: "e1",
    status: "running",
    attempt: 1,
    progress: 0.42,
    current: 42,
    total: 100,
    unit: "rows",
    message: "转码",
    data: { frame: 1_200 },
  });
  assertEquals(new Date(String(timestamp)).toISOString(), timestamp);
  assertEquals(await two.nextFrame(), { ...frame, timestamp });
  await answerOf(server.publish("b", { message: "b's own" }));
  assertEquals((await other.nextFrame()).message, "b's own");
});

for (
  const [path, id] of [
    ["a/b/c", "a/b/c"],
    ["a%2Fb%2Fc", "a/b/c"],
    ["a/events", "a/events"],
    ["%E4%B8%8A%E4%BC%A0", "上传"],
    ["100%25", "100%"],
    ["a%252Fb", "a%2Fb"],
    ["a%E2%80%A8b", "a\u2028b"],
  ] as const
) {
  Deno.test(`POST events reads the same task from ${path} as the WebSocket route`, async () => {
    await using server = await startTestServer();
    await using socket = new TestSocket(server.ws(`/ws/realtime/${path}`));
    await socket.nextOf("sync");
    const { status, json } = await post(server, `/api/tasks/${path}/events`);
    assertEquals([status, json().connection_id, json().delivered], [
      201,
      id,
      1,
    ]);
    assertEquals((await socket.nextFrame()).connection_id, id);
  });
}

Deno.test("POST events answers a repeated event_id with the first answer, and delivers nothing", async () => {
  await using server = await startTestServer();
  await using socket = new TestSocket(server.ws("/ws/realtime/a"));
  await socket.nextOf("sync");
  const first = await answerOf(server.publish("a", { event_id: "e1" }));
  await answerOf(server.publish("a", { message: "second" }));
  const again = await answerOf(
    server.publish("a", { event_id: "e1", status: "failed" }),
  );
  assertEquals(again.status, 201);
  assertEquals(again.json(), {
    ...first.json(),
    delivered: 0,
    duplicate: true,
  });
  await answerOf(server.publish("a", { message: "third" }));
  const offsets = [];
  for (let count = 0; count < 3; count += 1) {
    offsets.push((await socket.nextFrame()).offset);
  }
  assertEquals(offsets, [1, 2, 3]);
});

Deno.test("POST events uses Idempotency-Key as the event_id", async () => {
  await using server = await startTestServer();
  const path = "/api/tasks/a/events";
  const key = { "Idempotency-Key": "k1" };
  await post(server, path, "{}", key);
  const answers = [
    await post(server, path, "{}", key),
    await post(server, path, '{"event_id":"k1"}'),
    await post(server, path, '{"event_id":"e2"}', key),
    await post(server, path, "{}", { "Idempotency-Key": "k2" }),
    await post(server, path, "{}"),
  ];
  assertEquals(
    answers.map(({ json }) => [json().offset, json().duplicate]),
    [[1, true], [1, true], [2, false], [3, false], [4, false]],
  );
});

Deno.test("POST events keeps a task private to the user_id of its first event", async () => {
  await using server = await startTestServer();
  await answerOf(server.publish("a", { user_id: 42 }));
  const { state } = await server.services.store.read("a");
  assertEquals(state?.owner, "42");
  const again = await answerOf(server.publish("a", { user_id: "42" }));
  assertEquals(again.status, 201);
});

Deno.test("POST events accepts escaped data of the largest size", async () => {
  await using server = await startTestServer();
  const text = "连".repeat(21_844); // 65,532 bytes, and two quotes
  const body = JSON.stringify({ data: text }).replace(
    /[^\0-\x7f]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16)}`,
  );
  const { status } = await post(server, "/api/tasks/a/events", body);
  assertEquals(status, 201);
});
