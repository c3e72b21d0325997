import { assertEquals, assertFalse } from "@std/assert";
import type { AuthStatus } from "../../src/auth/identity.ts";
import { answerOf } from "../support/answer.ts";
import { startTestServer } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";
import { secondsFromNow, signToken } from "../support/tokens.ts";

/** The first frame, byte for byte (spec §1). */
function connected(authStatus: AuthStatus, userId = "1"): string {
  return `{"type":"connected","message":"WebSocket连接成功","connection_id":"upload_123456","user_id":${userId},"auth_status":"${authStatus}"}`;
}

const path = "/ws/realtime/upload_123456";

for (const query of ["", "?token=", "?other=1"]) {
  Deno.test(`realtimeEndpoint() greets a guest at ${path}${query}`, async () => {
    await using server = await startTestServer();
    await using socket = new TestSocket(server.ws(path + query));
    assertEquals(await socket.next(), connected("guest"));
    assertEquals((await socket.nextFrame()).type, "sync");
  });
}

for (
  const [claims, userId] of [
    [{ sub: "42" }, "42"],
    [{ sub: 42 as never }, "42"],
    [{ sub: "alice" }, '"alice"'],
    [{ sub: "007" }, '"007"'],
    [{ sub: "9007199254740993" }, '"9007199254740993"'],
    [{ sub: '张"三' }, '"张\\"三"'],
    [{ user_id: 7 }, "7"],
    [{ sub: "8", user_id: 7 }, "8"],
  ] as const
) {
  Deno.test(`realtimeEndpoint() greets the user of ${JSON.stringify(claims)}`, async () => {
    await using server = await startTestServer();
    const token = await signToken(claims);
    await using socket = new TestSocket(server.ws(`${path}?token=${token}`));
    assertEquals(await socket.next(), connected("authenticated", userId));
    assertEquals((await socket.nextFrame()).type, "sync");
  });
}

for (
  const [code, makeToken] of [
    ["token_malformed", () => "not-a-token"],
    ["token_expired", () => signToken({ sub: "42", exp: secondsFromNow(-60) })],
    [
      "token_not_yet_valid",
      () => signToken({ sub: "42", nbf: secondsFromNow(60) }),
    ],
    [
      "token_bad_signature",
      () =>
        signToken({ sub: "42" }, {
          secret: "another secret, of 32 bytes and more",
        }),
    ],
    ["token_without_user", () => signToken({})],
  ] as const
) {
  Deno.test(`realtimeEndpoint() says ${code}, and serves the client as a guest`, async () => {
    await using server = await startTestServer();
    const token = await makeToken();
    await using socket = new TestSocket(server.ws(`${path}?token=${token}`));
    assertEquals(await socket.next(), connected("invalid_token"));
    const error = await socket.nextFrame();
    assertEquals([error.type, error.code], ["error", code]);
    assertFalse(JSON.stringify(error).includes(token));
    assertEquals((await socket.nextFrame()).type, "sync");
    await answerOf(server.publish("upload_123456", { progress: 0.5 }));
    assertEquals((await socket.nextFrame()).progress, 0.5);
  });
}

for (
  const [way, verify] of [
    ["throws", () => {
      throw new Error("broken verifier");
    }],
    ["rejects", () => Promise.reject(new Error("broken verifier"))],
  ] as const
) {
  Deno.test(`realtimeEndpoint() sends verifier_unavailable if the verifier ${way}`, async () => {
    await using server = await startTestServer({
      services: () => ({ verifier: { verify } }),
    });
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      await using socket = new TestSocket(server.ws(`${path}?token=t`));
      assertEquals(await socket.next(), connected("auth_error"));
      const error = await socket.nextFrame();
      assertEquals([error.type, error.code], ["error", "verifier_unavailable"]);
      assertEquals((await socket.nextFrame()).type, "sync");
    }
    await using guest = new TestSocket(server.ws(path));
    assertEquals(await guest.next(), connected("guest"));
    const { status } = await answerOf(fetch(`${server.origin}/healthz`));
    assertEquals(status, 200);
  });
}

Deno.test("realtimeEndpoint() greets as configured", async () => {
  await using server = await startTestServer({
    config: { connectedMessage: "hello", guestUserId: "visitor" },
  });
  await using socket = new TestSocket(server.ws(path));
  assertEquals(
    await socket.next(),
    '{"type":"connected","message":"hello","connection_id":"upload_123456","user_id":"visitor","auth_status":"guest"}',
  );
});

Deno.test("realtimeEndpoint() records the connection's user", async () => {
  await using server = await startTestServer();
  const token = await signToken({ sub: "42" });
  await using socket = new TestSocket(server.ws(`${path}?token=${token}`));
  await socket.next();
  const [connection] = server.services.registry.list();
  assertEquals([connection?.userId, connection?.authStatus], [
    "42",
    "authenticated",
  ]);
});
