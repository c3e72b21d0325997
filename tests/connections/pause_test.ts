import { assertEquals, assertFalse } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { pause } from "../../src/connections/pause.ts";
import { fakeConnection } from "../support/fake_connection.ts";

Deno.test("pause() waits its time", async () => {
  using time = new FakeTime();
  const { connection } = fakeConnection();
  let isOver = false;
  const pausing = pause(connection, 1_000).then(() => isOver = true);
  await time.tickAsync(999);
  assertFalse(isOver);
  await time.tickAsync(1);
  await pausing;
});

Deno.test("pause() unregisters its cleanup from the connection", async () => {
  using time = new FakeTime();
  const { connection } = fakeConnection();
  let held = 0;
  connection.onEnd = () => held += 1;
  connection.offEnd = () => held -= 1;
  const pausing = pause(connection, 1_000);
  assertEquals(held, 1);
  await time.tickAsync(1_000);
  await pausing;
  assertEquals(held, 0);
});

Deno.test("pause() of nothing sets no timer", async () => {
  using time = new FakeTime();
  await pause(fakeConnection().connection, 0);
  assertFalse(time.next());
});

Deno.test("pause() ends with the connection, and leaves no timer", async () => {
  using time = new FakeTime();
  const { connection } = fakeConnection();
  const startedAt = time.now;
  const pausing = pause(connection, 60_000);
  connection.ended();
  await pausing;
  assertFalse(time.next());
  assertEquals(time.now, startedAt);
});
