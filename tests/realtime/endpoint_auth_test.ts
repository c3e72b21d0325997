import { assertEquals, assertStringIncludes } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { Config } from "../../src/config/config.ts";
import { answerOf } from "../support/answer.ts";
import { captureLog } from "../support/captured_log.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { passSilence } from "../support/silence.ts";
import { type Frame, TestSocket } from "../support/socket.ts";
import { secondsFromNow, signToken } from "../support/tokens.ts";

const noLeeway: Partial<Config> = { jwtLeewaySeconds: 0 };

/** Opens a user's socket with a token of one minute, after the first `sync`. */
async function connect(
  server: TestServer,
  { id = "a", sub = "42" } = {},
): Promise<TestSocket> {
  const token = await signToken({ sub });
  const socket = new TestSocket(server.ws(`/ws/realtime/${id}?token=${token}`));
  await socket.nextOf("sync");
  return socket;
}

/** Advances the time until a frame of the type has come. */
async function afterTime(
  time: FakeTime,
  socket: TestSocket,
  type: string,
): Promise<Frame> {
  const frame = socket.nextOf(type);
  await time.nextAsync();
  return await frame;
}

function statusOf({ user_id, auth_status }: Frame): unknown[] {
  return [user_id, auth_status];
}

Deno.test("RealtimeSession takes a guest for a user after auth", async () => {
  await using server = await startTestServer();
  await using socket = new TestSocket(server.ws("/ws/realtime/a"));
  assertEquals(statusOf(await socket.nextOf("connected")), [1, "guest"]);
  await socket.nextOf("sync");
  socket.send({ type: "auth", token: await signToken({ sub: "42" }) });
  assertEquals(
    await socket.next(),
    '{"type":"auth","user_id":42,"auth_status":"authenticated"}',
  );
  const [connection] = server.services.registry.list();
  assertEquals(connection?.userId, "42");
  await answerOf(server.publish("b", { user_id: "42" }));
  socket.send({ type: "subscribe", connection_id: "b" });
  assertEquals((await socket.nextOf("sync")).connection_id, "b");
});

Deno.test("RealtimeEndpoint logs a rejected token with the task and the socket", async () => {
  await using server = await startTestServer();
  using log = captureLog("info");
  const url = server.ws("/ws/realtime/a?token=bad");
  await using socket = new TestSocket(url);
  await socket.nextOf("sync");
  const [connection] = server.services.registry.list();
  const line = log.text.split("\n").find((line) => line.includes("Rejected"));
  const { properties } = JSON.parse(line ?? "");
  assertEquals(properties.connection, connection?.id);
  assertEquals(properties.connectionId, "a");
});

Deno.test("RealtimeSession sends the reason for a rejected token in auth, and makes the client a guest", async () => {
  await using server = await startTestServer();
  await using socket = await connect(server);
  socket.send({
    type: "auth",
    token: await signToken({ sub: "42", exp: secondsFromNow(-60) }),
  });
  assertEquals(statusOf(await socket.nextOf("auth")), [1, "invalid_token"]);
  assertEquals((await socket.nextOf("error")).code, "token_expired");
  socket.send({ type: "ping" });
  await socket.nextOf("pong");
});

Deno.test("RealtimeSession changes nothing if a token can't be checked now", async () => {
  let isDown = false;
  await using server = await startTestServer({
    services: ({ verifier }) => ({
      verifier: {
        verify: (token) =>
          isDown ? Promise.reject(new Error("down")) : verifier.verify(token),
      },
    }),
  });
  await answerOf(server.publish("a", { user_id: "42" }));
  await using socket = await connect(server);
  isDown = true;
  socket.send({ type: "auth", token: "any" });
  assertEquals(statusOf(await socket.nextOf("auth")), [42, "authenticated"]);
  const error = await socket.nextOf("error");
  assertEquals([error.code, typeof error.retry_after_ms], [
    "verifier_unavailable",
    "number",
  ]);
  await answerOf(server.publish("a", {}));
  assertEquals((await socket.nextOf("task")).offset, 2);
});

Deno.test("RealtimeSession announces a token's expiry, and continues with the next token", async () => {
  await using server = await startTestServer({ config: noLeeway });
  await answerOf(server.publish("a", { user_id: "42" }));
  using time = new FakeTime();
  await using socket = await connect(server);
  const { expires_in } = await afterTime(time, socket, "token_expiring");
  assertEquals(expires_in, 30);
  socket.send({ type: "auth", token: await signToken({ sub: "42" }) });
  assertEquals(statusOf(await socket.nextOf("auth")), [42, "authenticated"]);
  await time.tickAsync(29_000);
  await answerOf(server.publish("a", {}));
  assertEquals((await socket.nextOf("task")).offset, 2);
  await afterTime(time, socket, "token_expiring");
});

Deno.test("RealtimeSession makes the client a guest after the token's expiry, on a public task", async () => {
  await using server = await startTestServer({ config: noLeeway });
  using time = new FakeTime();
  await using socket = await connect(server);
  await afterTime(time, socket, "token_expiring");
  const auth = await afterTime(time, socket, "auth");
  assertEquals(statusOf(auth), [1, "invalid_token"]);
  assertEquals((await socket.nextOf("error")).code, "token_expired");
  await answerOf(server.publish("a", {}));
  assertEquals((await socket.nextOf("task")).offset, 1);
});

for (
  const [where, config, event] of [
    ["on a private task", noLeeway, { user_id: "42" }],
    ["if authentication is required", {
      ...noLeeway,
      auth: "required",
    }, {}],
  ] as const
) {
  Deno.test(`RealtimeSession closes with 4401 after the token's end ${where}`, async () => {
    await using server = await startTestServer({ config });
    await answerOf(server.publish("a", event));
    using time = new FakeTime();
    await using socket = await connect(server);
    await afterTime(time, socket, "token_expiring");
    await afterTime(time, socket, "auth");
    assertEquals((await socket.nextOf("error")).code, "token_expired");
    await socket.nextOf("error");
    await passSilence(time);
    assertEquals((await socket.closed).code, 4401);
    assertEquals(server.services.hub.watcherCount("a"), 0);
  });
}

Deno.test("RealtimeSession ends subscriptions that the new user may not watch", async () => {
  await using server = await startTestServer();
  for (const id of ["b", "c"]) {
    await answerOf(server.publish(id, { user_id: "42" }));
  }
  await using socket = await connect(server);
  for (const id of ["b", "c"]) {
    socket.send({ type: "subscribe", connection_id: id });
    await socket.nextOf("sync");
  }
  socket.send({ type: "auth", token: await signToken({ sub: "43" }) });
  assertEquals(statusOf(await socket.nextOf("auth")), [43, "authenticated"]);
  for (const id of ["b", "c"]) {
    const error = await socket.nextOf("error");
    assertEquals([error.code, error.connection_id], ["forbidden", id]);
    assertEquals(server.services.hub.watcherCount(id), 0);
  }
  await answerOf(server.publish("a", {}));
  assertEquals((await socket.nextOf("task")).connection_id, "a");
});

Deno.test("RealtimeSession closes with 4403 if the new user may not watch the socket's own task", async () => {
  await using server = await startTestServer();
  await answerOf(server.publish("a", { user_id: "42" }));
  await using socket = await connect(server);
  socket.send({ type: "auth", token: await signToken({ sub: "43" }) });
  assertEquals((await socket.nextOf("error")).code, "forbidden");
  assertEquals((await socket.closed).code, 4403);
});

Deno.test("RealtimeSession leaves no timer of a token behind", async () => {
  await using server = await startTestServer();
  const socket = await connect(server);
  await socket[Symbol.asyncDispose](); // the sanitizer checks the timer
  assertStringIncludes(server.origin, "http");
});
