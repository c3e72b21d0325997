import { assertEquals, assertMatch } from "@std/assert";
import { needs } from "../support/needs.ts";
import { NodeSocket } from "../support/node_socket.ts";
import { testApiKey, testSecret } from "../support/server.ts";
import { serve, taskwire } from "../support/taskwire.ts";
import { secondsFromNow, signToken } from "../support/tokens.ts";

const env = { TASKWIRE_JWT_SECRET: testSecret, TASKWIRE_API_KEYS: testApiKey };

/**
 * Tests Node's `ws` against `serve`, given the server's `ws:` and `http:`
 * origins.
 */
function nodeTest(
  criterion: string,
  fn: (ws: string, origin: string) => Promise<void>,
): void {
  needs("node")(`Node's ws ${criterion}`, async () => {
    await using served = await serve([], { env });
    await fn(served.origin.replace("http", "ws"), served.origin);
  });
}

/** `connected`, byte for byte. */
function connected(userId: string, authStatus: string): string {
  return `{"type":"connected","message":"WebSocket连接成功","connection_id":"upload_123456","user_id":${userId},"auth_status":"${authStatus}"}`;
}

nodeTest("connects as a guest", async (ws) => {
  await using socket = new NodeSocket(
    `${ws}/ws/realtime/upload_123456`,
  );
  assertEquals(await socket.next(), { event: "open", protocol: "" });
  assertEquals(await socket.text(), connected("1", "guest"));
  assertEquals(JSON.parse(await socket.text()).type, "sync");
});

nodeTest("connects as the user of a token in the query", async (ws) => {
  const users = [["42", "42"], ["анна", '"анна"']] as const;
  for (const [sub, userId] of users) {
    const token = await signToken({ sub });
    await using socket = new NodeSocket(
      `${ws}/ws/realtime/upload_123456?token=${token}`,
    );
    assertEquals(await socket.next(), { event: "open", protocol: "" });
    assertEquals(await socket.text(), connected(userId, "authenticated"));
    assertEquals(JSON.parse(await socket.text()).type, "sync");
  }
});

nodeTest(
  "offers two subprotocols, and gets 'bearer' back, not the token",
  async (ws) => {
    const token = await signToken({ sub: "42" });
    await using socket = new NodeSocket(
      `${ws}/ws/realtime/upload_123456`,
      ["bearer", token],
    );
    assertEquals(await socket.next(), { event: "open", protocol: "bearer" });
    assertEquals(await socket.text(), connected("42", "authenticated"));
  },
);

nodeTest("receives token_expired after connected", async (ws) => {
  const token = await signToken({ sub: "42", exp: secondsFromNow(-60) });
  await using socket = new NodeSocket(
    `${ws}/ws/realtime/upload_123456?token=${token}`,
  );
  assertEquals(await socket.next(), { event: "open", protocol: "" });
  assertEquals(await socket.text(), connected("1", "invalid_token"));
  const { type, code, message } = JSON.parse(await socket.text());
  assertEquals([type, code], ["error", "token_expired"]);
  assertMatch(message, /\S/);
  assertEquals(JSON.parse(await socket.text()).type, "sync");
});

nodeTest(
  "sees a published task go from queued to succeeded",
  async (ws, origin) => {
    await using socket = new NodeSocket(
      `${ws}/ws/realtime/videos/1`,
    );
    await socket.next();
    await socket.text();
    assertEquals(JSON.parse(await socket.text()).task, null);
    const events = [
      ["--status", "queued"],
      ["--status", "running", "--progress", "0.42", "--message", "transcoding"],
      ["--status", "succeeded"],
    ];
    for (const event of events) {
      const args = ["publish", "videos/1", ...event, "--url", origin];
      const { code, stderr } = await taskwire(args, { env });
      assertEquals([code, stderr], [0, ""]);
    }
    const seen = [];
    for (const _ of events) seen.push(JSON.parse(await socket.text()));
    assertEquals(
      seen.map(({ type, connection_id, offset, status, progress, message }) => [
        type,
        connection_id,
        offset,
        status,
        progress,
        message,
      ]),
      [
        ["task", "videos/1", 1, "queued", undefined, undefined],
        ["task", "videos/1", 2, "running", 0.42, "transcoding"],
        ["task", "videos/1", 3, "succeeded", 1, undefined],
      ],
    );
  },
);

nodeTest("gets bytes and text back on the test route", async (ws) => {
  await using socket = new NodeSocket(`${ws}/ws/test/x`);
  assertEquals(await socket.next(), { event: "open", protocol: "" });
  assertEquals(
    await socket.text(),
    '{"type":"connected","message":"WebSocket连接成功","connection_id":"x"}',
  );
  const bytes = [0, 255, 128, 10];
  await socket.send({ bytes });
  assertEquals(await socket.next(), { event: "binary", bytes });
  await socket.send({ text: "状态 ✓" });
  assertEquals(await socket.text(), "状态 ✓");
});

nodeTest("gets JSON back on the simple route", async (ws) => {
  await using socket = new NodeSocket(`${ws}/ws/ws/simple/x`);
  await socket.next();
  await socket.text();
  await socket.send({ text: "状态 ✓" });
  assertEquals(
    await socket.text(),
    '{"type":"echo","connection_id":"x","message":"状态 ✓"}',
  );
});

nodeTest(
  "receives origin_not_allowed and 4403",
  async (ws) => {
    const url = `${ws}/ws/realtime/upload_123456`;
    await using socket = new NodeSocket(url, [], "https://other.example");
    await socket.next();
    assertEquals(JSON.parse(await socket.text()).code, "origin_not_allowed");
    assertEquals(await socket.next(), { event: "close", code: 4403 });
  },
);
