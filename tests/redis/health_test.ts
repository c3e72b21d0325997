import { assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { ErrorReply } from "@redis/client";
import { Pause } from "../../src/async/pause.ts";
import { watchRedis } from "../../src/redis/health.ts";

Deno.test("watchRedis() sends a heartbeat every half second, until the pause has ended", async () => {
  using time = new FakeTime();
  const pause = new Pause();
  let ticks = 0;
  const watching = watchRedis(() => {
    ticks += 1;
    return Promise.resolve();
  }, pause);
  for (let count = 0; count < 3; count++) await time.tickAsync(500);
  assertEquals(ticks, 4);
  pause.end();
  await watching;
});

Deno.test("watchRedis() rejects after 3 s without a reply", async () => {
  using time = new FakeTime();
  const watching = watchRedis(() => new Promise(() => {}), new Pause());
  const rejected = assertRejects(() => watching, Error, "3000 ms");
  for (let count = 0; count < 3; count++) await time.tickAsync(1_000);
  await rejected;
});

Deno.test("watchRedis() continues on a refusal by Redis, and rejects on other errors", async () => {
  using time = new FakeTime();
  const failures = [
    new ErrorReply("OOM command not allowed"),
    new ErrorReply("ERR no such thing"),
  ];
  const watching = watchRedis(
    () => Promise.reject(failures.shift()),
    new Pause(),
  );
  const rejected = assertRejects(() => watching, ErrorReply, "no such thing");
  await time.tickAsync(500);
  await rejected;
  assertEquals(failures, []);
});
