import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Pause } from "../../src/client/pause.ts";

Deno.test("Pause.wait() waits for the given time", async () => {
  using time = new FakeTime();
  let isOver = false;
  const waiting = new Pause().wait(500).then(() => isOver = true);
  await time.tickAsync(499);
  assertEquals(isOver, false);
  await time.tickAsync(1);
  await waiting;
});

Deno.test("Pause.skip() ends a wait, and leaves no timer behind", async () => {
  const pause = new Pause();
  const waiting = pause.wait(3_600_000);
  pause.skip();
  await waiting;
  pause.skip();
});
