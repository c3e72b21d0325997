import { assert, assertEquals, assertFalse, assertMatch } from "@std/assert";
import { FakeTime } from "../support/fake_time.ts";
import { captureLog } from "../support/captured_log.ts";
import { fakeConnection } from "../support/fake_connection.ts";

const goodbye = {
  code: "server_restarting",
  message: "Connect again",
} as const;

Deno.test("Connection.id differs between connections", () => {
  assert(fakeConnection().connection.id !== fakeConnection().connection.id);
});

Deno.test("Connection.serial is a time, comparable between nodes", () => {
  const { serial, openedAt } = fakeConnection().connection;
  assertEquals(Math.floor(serial / 1_000), openedAt.getTime());
});

Deno.test("Connection.serial grows with each connection, even if the clock goes back", () => {
  const serials = [5_000, 5_000, 9_000, 1_000].map((clockMs) => {
    using _ = new FakeTime(clockMs);
    return fakeConnection().connection.serial;
  });
  assertEquals(serials, [...new Set(serials)].sort((a, b) => a - b));
});

Deno.test("Connection.send() queues text and binary as they are", () => {
  const { connection, transport } = fakeConnection();
  const bytes = new Uint8Array([0, 255]).buffer;
  assertEquals([connection.send("a"), connection.send(bytes)], [
    "sent",
    "sent",
  ]);
  assertEquals(transport.sent, ["a", bytes]);
});

Deno.test("Connection.send() drops and says so after either side has closed", () => {
  const ways = ["close", "ended"] as const;
  for (const way of ways) {
    const { connection, transport } = fakeConnection();
    if (way === "close") connection.close(1001);
    else connection.ended();
    assertEquals([connection.send("late"), transport.sent], ["closed", []]);
  }
});

Deno.test("Connection.close() sends the error before the close, with the message as reason", () => {
  const { connection, transport } = fakeConnection();
  connection.close(1012, { ...goodbye, retryAfterMs: 750 });
  assertEquals(
    transport.sent,
    ['{"type":"error","code":"server_restarting","message":"Connect again","retry_after_ms":750}'],
  );
  assertEquals(transport.closes, [{ code: 1012, reason: "Connect again" }]);
});

Deno.test("Connection.close() sends no error frame without an error", () => {
  const { connection, transport } = fakeConnection();
  connection.close(1001);
  assertEquals(transport.sent, []);
  assertEquals(transport.closes, [{ code: 1001, reason: "" }]);
});

Deno.test("Connection.close() closes once", () => {
  const { connection, transport } = fakeConnection();
  connection.close(1012, goodbye);
  connection.close(4408, goodbye);
  assertEquals(transport.closes.map(({ code }) => code), [1012]);
  assertEquals(transport.sent.length, 1);
});

Deno.test("Connection.close() does nothing once the client has closed", () => {
  const { connection, transport } = fakeConnection();
  connection.ended();
  connection.close(1012, goodbye);
  assertEquals([transport.closes, transport.sent], [[], []]);
});

Deno.test("Connection.close() cuts the reason to 123 bytes of UTF-8 and never the frame", () => {
  for (
    const [unit, kept] of [["a", 123], ["é", 61], ["连", 41], [
      "😀",
      30,
    ]] as const
  ) {
    const { connection, transport } = fakeConnection();
    const message = unit.repeat(200);
    connection.close(1012, { ...goodbye, message });
    assertEquals(transport.closes[0]?.reason, unit.repeat(kept));
    assertEquals(transport.frames[0]?.message, message);
  }
});

Deno.test("Connection.close() cleans up at once, without waiting for the runtime", () => {
  const { connection } = fakeConnection();
  const undone: string[] = [];
  connection.onEnd(() => undone.push("first"));
  connection.onEnd(() => undone.push("second"));
  connection.close(4408);
  assertEquals(undone, ["first", "second"]);
});

Deno.test("Connection.ended() cleans up once, however often the runtime reports a close", () => {
  const { connection } = fakeConnection();
  let cleanups = 0;
  connection.onEnd(() => cleanups += 1);
  connection.close(1001);
  connection.ended();
  connection.ended();
  assertEquals(cleanups, 1);
});

Deno.test("Connection.offEnd() unregisters only that cleanup", () => {
  const { connection } = fakeConnection();
  const undone: string[] = [];
  connection.onEnd(() => undone.push("first"));
  const second = () => undone.push("second");
  connection.onEnd(second);
  connection.onEnd(() => undone.push("third"));
  connection.offEnd(second);
  connection.offEnd(second);
  connection.ended();
  assertEquals(undone, ["first", "third"]);
});

Deno.test("Connection.onEnd() calls at once if the connection has ended already", () => {
  const { connection } = fakeConnection();
  connection.ended();
  let cleanups = 0;
  connection.onEnd(() => cleanups += 1);
  assertEquals(cleanups, 1);
});

Deno.test("Connection.isClosed is true for cleanups, which therefore cannot send", () => {
  const { connection, transport } = fakeConnection();
  assertFalse(connection.isClosed);
  connection.onEnd(() => connection.send("late"));
  connection.close(1001);
  assert(connection.isClosed);
  assertEquals(transport.sent, []);
});

Deno.test("Connection.fail() closes with 1011, without details for the client", () => {
  const { connection, transport } = fakeConnection();
  connection.fail(new Error("secret detail"));
  assertEquals(transport.closes.map(({ code }) => code), [1011]);
  const [frame] = transport.frames;
  assertEquals([frame?.type, frame?.code], ["error", "internal_error"]);
  assert(Number(frame?.retry_after_ms) >= 500);
  assertFalse(JSON.stringify(transport).includes("secret detail"));
});

Deno.test("Connection.fail() logs the error, the route and the connection", () => {
  using log = captureLog();
  const { connection } = fakeConnection();
  connection.fail(new Error("secret detail"));
  assertMatch(log.text, /secret detail/);
  assertMatch(log.text, /test_websocket/);
  const { properties } = JSON.parse(log.text);
  assertEquals(properties.connection, connection.id);
  assertEquals(properties.connectionId, connection.handshake.taskId);
});
