import { assert, assertEquals, assertFalse } from "@std/assert";
import { FakeTime } from "../support/fake_time.ts";
import { captureLog } from "../support/captured_log.ts";
import { fakeConnection } from "../support/fake_connection.ts";

// A sixteenth of the limit is a backlog: 100 bytes here.
const maxBufferedBytes = 1_600;

Deno.test("Connection.send() returns the outcome", () => {
  const { connection, transport } = fakeConnection(maxBufferedBytes);
  for (
    const [bytes, outcome] of [
      [0, "sent"],
      [100, "sent"],
      [101, "backlogged"],
      [9_999, "backlogged"],
    ] as const
  ) {
    transport.bufferedAmount = bytes;
    assertEquals(connection.send("frame"), outcome);
    assertEquals(connection.isBacklogged, outcome === "backlogged");
    assertEquals(connection.bufferedBytes, bytes);
  }
  connection.ended();
  assertEquals(connection.send("frame"), "closed");
  assertEquals(transport.sent.length, 4);
});

Deno.test("Connection.writable() resolves without a timer if not backlogged", async () => {
  using time = new FakeTime();
  const { connection } = fakeConnection(maxBufferedBytes);
  await connection.writable();
  assertFalse(time.next());
});

Deno.test("Connection.writable() resolves a turn later after a burst in one turn", async () => {
  using time = new FakeTime();
  const { connection, transport } = fakeConnection(maxBufferedBytes);
  transport.bufferedAmount = 101;
  const startedAt = time.now;
  const writable = connection.writable();
  transport.bufferedAmount = 0;
  await time.nextAsync();
  await writable;
  assertEquals(time.now, startedAt);
});

Deno.test("Connection.writable() waits as long as it takes while the buffer is within its limit", async () => {
  using time = new FakeTime();
  const { connection, transport } = fakeConnection(maxBufferedBytes);
  transport.bufferedAmount = maxBufferedBytes;
  let isWritable = false;
  const writable = connection.writable().then(() => isWritable = true);
  const startedAt = time.now;
  while (time.now - startedAt < 60_000) {
    transport.bufferedAmount -= 1; // a slow reader
    assert(await time.nextAsync());
  }
  await time.runMicrotasks();
  assertFalse(isWritable || connection.isClosed);
  transport.bufferedAmount = 100;
  assert(await time.nextAsync());
  await writable;
  assertFalse(connection.isClosed);
});

Deno.test("Connection.writable() closes with 4408 after 5 s over the limit, without an error frame", async () => {
  using time = new FakeTime();
  const { connection, transport, evictions } = fakeConnection(maxBufferedBytes);
  transport.bufferedAmount = maxBufferedBytes + 1;
  const writable = connection.writable();
  const startedAt = time.now;
  while (!connection.isClosed && await time.nextAsync()) {
    await time.runMicrotasks();
  }
  await writable;
  assertEquals(time.now - startedAt, 5_000);
  assertEquals(transport.closes.map(({ code }) => code), [4408]);
  assertEquals(transport.sent, []);
  assertEquals(evictions.length, 1);
});

Deno.test("Connection.writable() spares a client that reads just in time", async () => {
  using time = new FakeTime();
  const { connection, transport } = fakeConnection(maxBufferedBytes);
  for (let round = 0; round < 3; round += 1) {
    transport.bufferedAmount = maxBufferedBytes + 1;
    const writable = connection.writable();
    const startedAt = time.now;
    while (time.now - startedAt < 4_700) await time.nextAsync();
    transport.bufferedAmount = 0;
    await time.nextAsync();
    await writable;
  }
  assertFalse(connection.isClosed);
});

Deno.test("Connection.writable() ends with the connection, and leaves no timer", async () => {
  using time = new FakeTime();
  const { connection, transport } = fakeConnection(maxBufferedBytes);
  transport.bufferedAmount = maxBufferedBytes + 1;
  const writable = connection.writable();
  connection.ended();
  await time.nextAsync();
  await writable;
  assertFalse(time.next());
  assertEquals(transport.closes, []);
});

Deno.test("Connection.writable() closes with 4408 if a small backlog stalls", async () => {
  using time = new FakeTime();
  const { connection, transport } = fakeConnection(maxBufferedBytes);
  transport.bufferedAmount = 200;
  const writable = connection.writable();
  const startedAt = time.now;
  while (!connection.isClosed && await time.nextAsync()) {
    await time.runMicrotasks();
  }
  await writable;
  assertEquals(time.now - startedAt, 30_000);
  assertEquals(transport.closes.map(({ code }) => code), [4408]);
  // The buffer is not full, so the reason may still arrive.
  assertEquals(transport.frames.map(({ code }) => code), ["too_slow"]);
});

Deno.test("Connection.writable() evicts once, however many wait", async () => {
  using time = new FakeTime();
  const { connection, transport, evictions } = fakeConnection(maxBufferedBytes);
  transport.bufferedAmount = maxBufferedBytes + 1;
  const waiting = [1, 2, 3].map(() => connection.writable());
  while (!connection.isClosed && await time.nextAsync()) {
    await time.runMicrotasks();
  }
  await Promise.all(waiting);
  assertEquals([evictions.length, transport.closes.length], [1, 1]);
});

Deno.test("Connection.writable() logs an evicted client once", async () => {
  using time = new FakeTime();
  using log = captureLog("info");
  const { connection, transport } = fakeConnection(maxBufferedBytes);
  transport.bufferedAmount = maxBufferedBytes + 1;
  const writable = connection.writable();
  while (!connection.isClosed) assert(await time.nextAsync());
  await writable;
  const lines = log.text.trimEnd().split("\n");
  assertEquals(lines.length, 1);
  const { level, properties } = JSON.parse(String(lines));
  assertEquals([level, properties.connection, properties.connectionId], [
    "INFO",
    connection.id,
    "upload_123456",
  ]);
});
