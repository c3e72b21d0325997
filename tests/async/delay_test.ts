import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { delay } from "../../src/async/delay.ts";

Deno.test("delay() resolves after its time, and not before", async () => {
  using time = new FakeTime();
  let isOver = false;
  const waiting = delay(1_000).then(() => isOver = true);
  await time.tickAsync(999);
  assertEquals(isOver, false);
  await time.tickAsync(1);
  await waiting;
});

Deno.test("delay() resolves at the abort of its signal", async () => {
  using _time = new FakeTime();
  const abort = new AbortController();
  const waiting = delay(1_000, abort.signal);
  abort.abort();
  await waiting;
  await delay(1_000, abort.signal);
});
