import { assertEquals } from "@std/assert";
import { answerOf } from "../support/answer.ts";
import { rawHandshake } from "../support/handshake.ts";
import { startTestServer } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";

const realtime = "/ws/realtime/";
const simple = "/ws/ws/simple/";
const test = "/ws/test/";

for (
  const [criterion, path, id] of [
    ["of 256 characters", test, "a".repeat(256)],
    [
      "of 256 characters beyond ASCII",
      test,
      encodeURIComponent("连".repeat(256)),
    ],
    [
      "of 256 characters beyond the BMP",
      test,
      encodeURIComponent("😀".repeat(256)),
    ],
    ["with slashes", realtime, "users/7/uploads/1"],
    ["with an escaped slash", realtime, "a%2Fb"],
    ["with an escaped slash", simple, "a%2Fb"],
    ["with an escaped slash", test, "a%2Fb"],
    ["that is unicode", realtime, encodeURIComponent("上传 é 😀")],
    ["with an escaped percent sign", test, "100%25"],
    ["that is decoded once only", test, "a%252Fb"],
    ["with a question mark and a hash", test, "a%3Fb%23c"],
    ["with a plus sign", test, "a+b"],
    ["with a line separator", realtime, "a%E2%80%A8b"],
    ["with a line separator", test, "a%E2%80%A8b"],
  ] as const
) {
  Deno.test(`refuseHandshake() passes a connection_id ${criterion} on ${path}`, async () => {
    await using server = await startTestServer();
    await using socket = new TestSocket(server.ws(path + id));
    const { connection_id } = await socket.nextOf("connected");
    assertEquals(connection_id, decodeURIComponent(id));
  });
}

for (
  const [criterion, id] of [
    ["of 257 characters", "a".repeat(257)],
    ["of 257 characters beyond the BMP", encodeURIComponent("😀".repeat(257))],
    ["with a NUL", "a%00b"],
    ["with a tab", "a%09b"],
    ["with a line feed", "a%0Ab"],
    ["with a carriage return", "a%0Db"],
    ["with DEL", "a%7Fb"],
    ["with a C1 control", "a%C2%85b"],
    ["with a bad escape", "a%zzb"],
    ["with half an escape", "a%E"],
    ["that is no UTF-8", "a%FFb"],
    ["that is cut UTF-8", "%E0%A4"],
    ["with a surrogate", "%ED%A0%80"],
  ] as const
) {
  for (const path of [realtime, simple, test]) {
    Deno.test(`refuseHandshake() answers 400 to a connection_id ${criterion} on ${path}`, async () => {
      await using server = await startTestServer();
      const answer = await rawHandshake(server.ws(path + id));
      assertEquals(answer.status, 400);
      assertEquals(
        answer.headers.get("content-type"),
        "application/problem+json",
      );
      assertEquals(JSON.parse(answer.body).code, "bad_connection_id");
    });
  }
}

Deno.test("refuseHandshake() refuses a bad connection_id of a plain GET as well", async () => {
  await using server = await startTestServer();
  const answer = await answerOf(fetch(`${server.origin}/ws/test/a%00b`));
  assertEquals(answer.status, 400);
});

for (
  const path of [
    "/ws/test/a/b",
    "/ws/ws/simple/a/b",
    "/ws/simple/a",
  ]
) {
  Deno.test(`refuseHandshake() is not called for ${path}, which has no route`, async () => {
    await using server = await startTestServer();
    const answer = await rawHandshake(server.ws(path));
    assertEquals([answer.status, JSON.parse(answer.body).code], [
      404,
      "not_found",
    ]);
  });
}
