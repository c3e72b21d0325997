import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { pause } from "../../src/store/pause.ts";

Deno.test("pause() waits for a time", async () => {
  using time = new FakeTime();
  let isOver = false;
  const pausing = pause(1_000).then(() => isOver = true);
  await time.tickAsync(999);
  assertEquals(isOver, false);
  await time.tickAsync(1);
  await pausing;
});

Deno.test("pause() ends when any signal is given, or has been", async () => {
  const [one, other] = [new AbortController(), new AbortController()];
  const pausing = pause(1_000_000, one.signal, other.signal);
  other.abort();
  await pausing;
  await pause(1_000_000, one.signal, other.signal);
});
