import { assert, assertEquals, assertFalse } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { fakeConnection } from "../support/fake_connection.ts";

Deno.test("Connection.isCongested is true over the limit and not at it", () => {
  const { connection, transport } = fakeConnection(1_000);
  transport.bufferedAmount = 1_000;
  assertFalse(connection.isCongested);
  transport.bufferedAmount = 1_001;
  assert(connection.isCongested);
  assertEquals(connection.bufferedBytes, 1_001);
});

Deno.test("Connection.writable() resolves without a timer where nothing is congested", async () => {
  using time = new FakeTime();
  const { connection } = fakeConnection();
  await connection.writable();
  assertFalse(time.next());
});

Deno.test("Connection.writable() resolves once the buffer is under its limit", async () => {
  using time = new FakeTime();
  const { connection, transport } = fakeConnection(1_000);
  transport.bufferedAmount = 5_000;
  let isWritable = false;
  const writable = connection.writable().then(() => isWritable = true);
  await time.tickAsync(4_000);
  await time.runMicrotasks();
  assertFalse(isWritable);
  transport.bufferedAmount = 1_000;
  assert(await time.nextAsync());
  await writable;
  assertFalse(connection.isClosed);
});

Deno.test("Connection.writable() closes with 4408 after 5 s, and sends no frame that could not arrive", async () => {
  using time = new FakeTime();
  const { connection, transport } = fakeConnection(1_000);
  transport.bufferedAmount = 5_000;
  const writable = connection.writable();
  const startedAt = time.now;
  while (!connection.isClosed && await time.nextAsync()) {
    await time.runMicrotasks();
  }
  await writable;
  assertEquals(time.now - startedAt, 5_000);
  assertEquals(transport.closes.map(({ code }) => code), [4408]);
  assertEquals(transport.sent, []);
});

Deno.test("Connection.writable() spares a client that reads just in time", async () => {
  using time = new FakeTime();
  const { connection, transport } = fakeConnection(1_000);
  for (let round = 0; round < 3; round += 1) {
    transport.bufferedAmount = 5_000;
    const writable = connection.writable();
    const startedAt = time.now;
    while (time.now - startedAt < 4_900) await time.nextAsync();
    transport.bufferedAmount = 0;
    await time.nextAsync();
    await writable;
  }
  assertFalse(connection.isClosed);
});

Deno.test("Connection.writable() ends with the connection, and leaves no timer", async () => {
  using time = new FakeTime();
  const { connection, transport } = fakeConnection(1_000);
  transport.bufferedAmount = 5_000;
  const writable = connection.writable();
  connection.ended();
  await time.nextAsync();
  await writable;
  assertFalse(time.next());
  assertEquals(transport.closes, []);
});
