import { assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { explainSocketError, FrameReader } from "../../src/cli/frame_reader.ts";
import { closedOrigin } from "../support/closed_origin.ts";
import { startTestServer } from "../support/server.ts";
import { silentTable } from "../support/silent_endpoint.ts";

Deno.test("FrameReader.next() reads text and binary frames in order", async () => {
  await using server = await startTestServer();
  const reader = new FrameReader(new URL(server.ws("/ws/test/x")));
  await reader.next();
  reader.send("one");
  reader.send(Uint8Array.of(2).buffer);
  reader.send("three");
  const frames = [
    await reader.next(),
    await reader.next(),
    await reader.next(),
  ];
  assertEquals(frames, ["one", Uint8Array.of(2).buffer, "three"]);
  reader.close();
});

Deno.test("FrameReader.next() rejects if the server is silent for 10 s", async () => {
  await using server = await startTestServer({ table: silentTable });
  using time = new FakeTime();
  const reader = new FrameReader(new URL(server.ws("/ws/silent/x")));
  const frame = reader.next();
  const rejected = assertRejects(
    () => frame,
    Error,
    "no answer to the handshake within 10 s",
  );
  time.tick(9_999);
  // A premature rejection would arrive within a macrotask.
  assertEquals(
    await Promise.race([frame, nextTurn()]),
    "a turn later",
  );
  time.tick(1);
  await rejected;
  reader.close();
});

/** Resolves after all due microtasks and events, without timers, since timers are faked. */
function nextTurn(): Promise<string> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      port2.close();
      resolve("a turn later");
    };
    port2.postMessage(null);
  });
}

Deno.test("FrameReader.next() reads all frames before the close, then rejects with the close code", async () => {
  await using server = await startTestServer({
    config: { auth: "required" },
  });
  const url = new URL(server.ws("/ws/realtime/x"));
  const reader = new FrameReader(url);
  const types = [await reader.next(), await reader.next()]
    .map((frame) => JSON.parse(String(frame)).type);
  assertEquals(types, ["connected", "error"]);
  await assertRejects(
    () => reader.next(),
    Error,
    "the server closed the socket with 4401 (This server requires",
  );
});

Deno.test("FrameReader.next() rejects with the reason if the socket can't be opened", async () => {
  const url = new URL(closedOrigin().replace("http", "ws"));
  url.searchParams.set("token", "a-secret");
  const reader = new FrameReader(url);
  const error = await assertRejects(() => reader.next(), Error);
  assertEquals(
    error.message,
    "the connection was refused, or nothing listens at this address",
  );
});

Deno.test("explainSocketError() explains the runtime's messages", () => {
  const cases = [
    [
      "NetworkError: failed to connect to WebSocket: Invalid status code: 403",
      "the server answered HTTP 403 instead of accepting the WebSocket",
    ],
    [
      "NetworkError: tcp connect error: Connection refused (os error 111)",
      "the connection was refused, or nothing listens at this address",
    ],
    ["NetworkError: failed to connect", "failed to connect"],
  ] as const;
  for (const [message, expected] of cases) {
    const event = new ErrorEvent("error", { message });
    assertEquals(explainSocketError(event).message, expected);
  }
  assertEquals(explainSocketError(new Event("error")).message, "error");
});
