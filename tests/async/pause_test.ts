import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Pause } from "../../src/async/pause.ts";

Deno.test("Pause.wait() waits its time", async () => {
  using time = new FakeTime();
  const pause = new Pause();
  let isOver = false;
  const waiting = pause.wait(100).then(() => isOver = true);
  await time.tickAsync(99);
  assertEquals(isOver, false);
  await time.tickAsync(1);
  await waiting;
});

Deno.test("Pause.end() ends all waiting, for good", async () => {
  const pause = new Pause();
  const waiting = [pause.wait(60_000), pause.wait(60_000)];
  pause.end();
  await Promise.all(waiting);
  await pause.wait(60_000);
});
