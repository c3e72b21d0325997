import { assert, assertEquals } from "@std/assert";
import { answerOf } from "../support/answer.ts";
import { startTestServer } from "../support/server.ts";
import { type Frame, TestSocket } from "../support/socket.ts";
import { secondsFromNow, signToken } from "../support/tokens.ts";

/** Reads all frames of a socket, and the close. */
async function toTheEnd(socket: TestSocket) {
  const frames: Frame[] = [];
  for (;;) {
    const frame = await socket.nextFrame().catch(() => undefined);
    if (frame === undefined) break;
    frames.push(frame);
  }
  const said = frames.map(({ type, code, auth_status }) =>
    code ?? auth_status ?? type
  );
  return { frames, said, code: (await socket.closed).code };
}

for (
  const [who, makeToken, said] of [
    ["a guest", () => "", ["guest", "authentication_required"]],
    ["a bad token", () => "bad", [
      "invalid_token",
      "token_malformed",
      "authentication_required",
    ]],
    [
      "an expired token",
      () => signToken({ sub: "42", exp: secondsFromNow(-60) }),
      ["invalid_token", "token_expired", "authentication_required"],
    ],
  ] as const
) {
  Deno.test(`realtimeEndpoint() closes ${who} with 4401 if authentication is required`, async () => {
    await using server = await startTestServer({
      config: { auth: "required" },
    });
    await answerOf(server.publish("a", { message: "not for you" }));
    await using socket = new TestSocket(
      server.ws(`/ws/realtime/a?token=${await makeToken()}`),
    );
    const end = await toTheEnd(socket);
    assertEquals([end.said, end.code], [said, 4401]);
    assertEquals(server.services.hub.watcherCount("a"), 0);
  });
}

Deno.test("realtimeEndpoint() closes with 1013 if required authentication cannot be checked", async () => {
  await using server = await startTestServer({
    config: { auth: "required" },
    services: () => ({
      verifier: { verify: () => Promise.reject(new Error("down")) },
    }),
  });
  await using socket = new TestSocket(server.ws("/ws/realtime/a?token=t"));
  const { said, frames, code } = await toTheEnd(socket);
  assertEquals(said, [
    "auth_error",
    "verifier_unavailable",
    "authentication_unavailable",
  ]);
  assertEquals(code, 1013);
  assert(Number(frames.at(-1)?.retry_after_ms) > 0);
});

Deno.test("realtimeEndpoint() admits users if authentication is required", async () => {
  await using server = await startTestServer({ config: { auth: "required" } });
  const token = await signToken({ sub: "42" });
  await using socket = new TestSocket(
    server.ws(`/ws/realtime/a?token=${token}`),
  );
  assertEquals((await socket.nextFrame()).auth_status, "authenticated");
  assertEquals((await socket.nextFrame()).type, "sync");
});

for (
  const [who, guestUserId, makeToken] of [
    ["a guest", "1", () => ""],
    ["a guest whose id is the owner's", "42", () => ""],
    ["a bad token", "42", () => "bad"],
    ["another user", "1", () => signToken({ sub: "43" })],
  ] as const
) {
  Deno.test(`realtimeEndpoint() closes ${who} on a private task with 4403`, async () => {
    await using server = await startTestServer({ config: { guestUserId } });
    await answerOf(server.publish("a", { user_id: 42, message: "private" }));
    await using socket = new TestSocket(
      server.ws(`/ws/realtime/a?token=${await makeToken()}`),
    );
    const { said, frames, code } = await toTheEnd(socket);
    assertEquals([said.at(-1), code], ["forbidden", 4403]);
    assert(!JSON.stringify(frames).includes("private"));
  });
}

Deno.test("realtimeEndpoint() closes an expired token on a private task with 4401", async () => {
  await using server = await startTestServer();
  await answerOf(server.publish("a", { user_id: 42, message: "secret" }));
  const token = await signToken({ sub: "42", exp: secondsFromNow(-60) });
  await using socket = new TestSocket(
    server.ws(`/ws/realtime/a?token=${token}`),
  );
  const { said, frames, code } = await toTheEnd(socket);
  assertEquals(said, ["invalid_token", "token_expired", "token_expired"]);
  assertEquals(code, 4401);
  assert(!JSON.stringify(frames).includes("secret"));
});

Deno.test("realtimeEndpoint() asks to come back to a private task when the token can be checked, by 1013", async () => {
  await using server = await startTestServer({
    services: () => ({
      verifier: { verify: () => Promise.reject(new Error("down")) },
    }),
  });
  await answerOf(server.publish("a", { user_id: 42, message: "private" }));
  await using socket = new TestSocket(server.ws("/ws/realtime/a?token=t"));
  const { said, frames, code } = await toTheEnd(socket);
  assertEquals(said, [
    "auth_error",
    "verifier_unavailable",
    "authentication_unavailable",
  ]);
  assertEquals(code, 1013);
  assert(Number(frames.at(-1)?.retry_after_ms) > 0);
  assert(!JSON.stringify(frames).includes("private"));
});

Deno.test("realtimeEndpoint() closes guests, and not the user, when a task becomes private", async () => {
  await using server = await startTestServer();
  const token = await signToken({ sub: "42" });
  await using guest = new TestSocket(server.ws("/ws/realtime/a"));
  await using owner = new TestSocket(
    server.ws(`/ws/realtime/a?token=${token}`),
  );
  await Promise.all([guest.nextOf("sync"), owner.nextOf("sync")]);
  const response = await answerOf(server.publish("a", { user_id: "42" }));
  assertEquals(response.json().delivered, 1);
  const end = await toTheEnd(guest);
  assertEquals([end.said, end.code], [["forbidden"], 4403]);
  assertEquals((await owner.nextFrame()).type, "task");
});

for (
  const [tasks, isAllowed] of [
    [["upload_1"], true],
    [["upload_*"], true],
    [["*"], true],
    [["report_*", "upload_1"], true],
    [["upload_2"], false],
    [["upload"], false],
    [[], false],
  ] as [string[], boolean][]
) {
  const verb = isAllowed ? "opens" : "closes";
  Deno.test(`realtimeEndpoint() ${verb} upload_1 to a token for ${JSON.stringify(tasks)}`, async () => {
    await using server = await startTestServer();
    const token = await signToken({ sub: "42", tasks });
    await using socket = new TestSocket(
      server.ws(`/ws/realtime/upload_1?token=${token}`),
    );
    assertEquals((await socket.nextFrame()).auth_status, "authenticated");
    if (isAllowed) assertEquals((await socket.nextFrame()).type, "sync");
    else assertEquals((await toTheEnd(socket)).code, 4403);
  });
}
