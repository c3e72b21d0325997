import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { watchEventLoop } from "../../src/process/event_loop_watch.ts";

Deno.test("watchEventLoop() observes twice a second by how much the loop was late", () => {
  using time = new FakeTime();
  let lateMs = 0;
  const delays: number[] = [];
  using _watch = watchEventLoop(
    (delaySeconds) => delays.push(delaySeconds),
    () => time.now + lateMs,
  );
  time.tick(1_000);
  lateMs = 250;
  time.tick(500);
  lateMs = 200; // it rang at its time again, and a little early
  time.tick(500);
  assertEquals(delays, [0, 0, 0.25, 0]);
});

Deno.test("watchEventLoop() ends when it is disposed of", () => {
  using time = new FakeTime();
  let count = 0;
  watchEventLoop(() => count += 1, () => time.now)[Symbol.dispose]();
  time.tick(10_000);
  assertEquals(count, 0);
});
