import { assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { withFallback } from "../../src/async/with_fallback.ts";

Deno.test("withFallback() resolves to a value in time", async () => {
  assertEquals(await withFallback(Promise.resolve(1), 1_000, "late"), 1);
});

Deno.test("withFallback() resolves to the fallback on timeout, whatever comes later", async () => {
  using time = new FakeTime();
  const { promise, reject } = Promise.withResolvers<number>();
  const result = withFallback(promise, 1_000, "late");
  await time.tickAsync(1_000);
  assertEquals(await result, "late");
  reject(new Error("Too late for anybody to hear"));
});

Deno.test("withFallback() rejects with an error in time", async () => {
  const failing = Promise.reject(new TypeError("Bad"));
  await assertRejects(
    () => withFallback(failing, 1_000, "late"),
    TypeError,
    "Bad",
  );
});
