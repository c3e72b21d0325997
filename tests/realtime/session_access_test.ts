import { assert, assertEquals } from "@std/assert";
import type { TestSocket } from "../support/socket.ts";
import { published } from "../support/published.ts";
import { ask, openRealtime, subscribe } from "../support/realtime.ts";
import { startTestServer } from "../support/server.ts";

/** Asserts that the next frame is an event of the socket's own task. */
async function assertAlive(
  socket: TestSocket,
  publish: () => Promise<void>,
): Promise<void> {
  await publish();
  const { type, connection_id } = await socket.nextFrame();
  assertEquals([type, connection_id], ["task", "own"]);
}

for (
  const [who, claims] of [
    ["a guest", undefined],
    ["another user", { sub: "8" }],
    ["the bearer of a bad token", { sub: "7", exp: 1 }],
    ["its user, if 'tasks' lacks the task", { sub: "7", tasks: ["own"] }],
  ] as const
) {
  Deno.test(`RealtimeSession.handle() denies a private task to ${who}, and keeps the socket open`, async () => {
    await using server = await startTestServer();
    await published(server, "private", { user_id: "7", message: "secret" });
    await using socket = await openRealtime(
      server,
      "own",
      claims && { ...claims, ...("tasks" in claims ? { tasks: ["own"] } : {}) },
    );
    const { message: _, ...error } = await subscribe(socket, "private");
    assertEquals(error, {
      type: "error",
      code: "forbidden",
      connection_id: "private",
    });
    assertEquals(server.services.hub.watcherCount("private"), 0);
    await published(server, "private", {});
    await assertAlive(socket, () => published(server, "own", {}));
  });
}

Deno.test("RealtimeSession.handle() denies a private task, until a retry, if the token can't be checked", async () => {
  await using server = await startTestServer({
    services: () => ({
      verifier: { verify: () => Promise.reject(new Error("down")) },
    }),
  });
  await published(server, "private", { user_id: "7" });
  await using socket = await openRealtime(server, "own", { sub: "7" });
  const { code, connection_id, retry_after_ms } = await subscribe(
    socket,
    "private",
  );
  assertEquals([code, connection_id], ["forbidden", "private"]);
  assert(Number(retry_after_ms) >= 500);
});

Deno.test("RealtimeSession.handle() shows a private task to its user", async () => {
  await using server = await startTestServer();
  await published(server, "private", { user_id: "7" });
  await using socket = await openRealtime(server, "own", { sub: "7" });
  const { type, offset } = await subscribe(socket, "private");
  assertEquals([type, offset], ["sync", 1]);
  await published(server, "private", {});
  assertEquals((await socket.nextFrame()).offset, 2);
});

Deno.test("RealtimeSession ends only the subscription to a task that becomes private", async () => {
  await using server = await startTestServer();
  await using socket = await openRealtime(server, "own");
  await using owner = await openRealtime(server, "b", { sub: "7" });
  assertEquals((await subscribe(socket, "b")).type, "sync");
  await published(server, "b", { user_id: "7" });
  const { type, code, connection_id } = await socket.nextFrame();
  assertEquals([type, code, connection_id], ["error", "forbidden", "b"]);
  await published(server, "b", {});
  await assertAlive(socket, () => published(server, "own", {}));
  assertEquals((await owner.nextFrame()).offset, 1);
  assertEquals((await owner.nextFrame()).offset, 2);
});

Deno.test("RealtimeSession closes with 4403 if the socket's own task becomes private", async () => {
  await using server = await startTestServer();
  await using socket = await openRealtime(server, "own");
  await subscribe(socket, "b");
  await published(server, "own", { user_id: "7" });
  const { code, connection_id } = await socket.nextOf("error");
  assertEquals([code, connection_id], ["forbidden", undefined]);
  assertEquals((await socket.closed).code, 4403);
  assertEquals(server.services.hub.watcherCount("b"), 0);
});

Deno.test("RealtimeSession.handle() watches 100 tasks on a socket, and no more", async () => {
  await using server = await startTestServer({ config: { messageRate: 0 } });
  await using socket = await openRealtime(server, "own");
  for (let count = 1; count < 100; count += 1) {
    assertEquals((await subscribe(socket, `task ${count}`)).type, "sync");
  }
  const { message: _, ...error } = await subscribe(socket, "one more");
  assertEquals(error, {
    type: "error",
    code: "too_many_subscriptions",
    connection_id: "one more",
  });
  assertEquals(server.services.hub.watcherCount("one more"), 0);
  // Watched tasks may be subscribed to again.
  assertEquals((await subscribe(socket, "task 1")).type, "sync");
  await ask(socket, { type: "unsubscribe", connection_id: "task 1" });
  assertEquals((await subscribe(socket, "one more")).type, "sync");
  assertEquals((await subscribe(socket, "task 1")).type, "error");
});

Deno.test("RealtimeSession.handle() does not count forbidden tasks", async () => {
  await using server = await startTestServer({ config: { messageRate: 0 } });
  await published(server, "private", { user_id: "7" });
  await using socket = await openRealtime(server, "own");
  for (let count = 0; count < 120; count += 1) {
    assertEquals((await subscribe(socket, "private")).code, "forbidden");
  }
  for (let count = 1; count < 100; count += 1) {
    assertEquals((await subscribe(socket, `task ${count}`)).type, "sync");
  }
});
