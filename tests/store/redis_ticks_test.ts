import { assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { ErrorReply } from "@redis/client";
import { tickUntil } from "../../src/store/redis_ticks.ts";
import { captureLog } from "../support/captured_log.ts";

Deno.test("tickUntil() ticks when the one before was answered, until it ends", async () => {
  using time = new FakeTime();
  const ending = new AbortController();
  let ticks = 0;
  const ticking = tickUntil(ending.signal, async () => {
    ticks++;
    await new Promise((resolve) => setTimeout(resolve, 100));
  });
  for (const expected of [1, 2, 3]) {
    assertEquals(ticks, expected);
    await time.tickAsync(100); // it is answered
    await time.tickAsync(499);
    assertEquals(ticks, expected);
    await time.tickAsync(1);
  }
  ending.abort();
  await ticking;
  // What is under way then is not waited for.
  await time.tickAsync(1_000);
  assertEquals(ticks, 4);
});

Deno.test("tickUntil() takes Redis for lost after three looks", async () => {
  using time = new FakeTime();
  const ending = new AbortController();
  const rejected = assertRejects(
    () => tickUntil(ending.signal, () => new Promise(() => {})),
    Error,
    "3000 ms",
  );
  await time.tickAsync(1_000);
  await time.tickAsync(1_000);
  await time.tickAsync(1_000);
  await rejected;
});

Deno.test("tickUntil() looks again where this process was busy itself", async () => {
  using time = new FakeTime();
  const ending = new AbortController();
  let ticks = 0;
  const ticking = tickUntil(ending.signal, async () => {
    if (ticks++ === 0) {
      await new Promise((resolve) => setTimeout(resolve, 2_500));
    }
  });
  await time.tickAsync(1_000);
  await time.tickAsync(1_000);
  await time.tickAsync(500);
  await time.tickAsync(500);
  assertEquals(ticks, 2);
  ending.abort();
  await ticking;
});

Deno.test("tickUntil() goes on where Redis refuses, and says so once", async () => {
  using log = captureLog();
  using time = new FakeTime();
  const ending = new AbortController();
  const answers = ["OOM no memory", "OOM no memory", "", "MISCONF no disk", ""];
  const ticking = tickUntil(ending.signal, () => {
    const message = answers.shift();
    return message
      ? Promise.reject(new ErrorReply(message))
      : Promise.resolve();
  });
  while (answers.length > 0) await time.tickAsync(500);
  ending.abort();
  await ticking;
  assertEquals(log.text.match(/takes no writes/g)?.length, 2);
});

Deno.test("tickUntil() rejects with what Redis answers besides", async () => {
  await assertRejects(
    () =>
      tickUntil(
        new AbortController().signal,
        () => Promise.reject(new ErrorReply("READONLY")),
      ),
    ErrorReply,
    "READONLY",
  );
});
