import { assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { deadline } from "../../src/async/deadline.ts";

Deno.test("deadline() passes on a result or error in time", async () => {
  assertEquals(await deadline(Promise.resolve(1), 1_000), 1);
  await assertRejects(
    () => deadline(Promise.reject(new RangeError("no")), 1_000),
    RangeError,
    "no",
  );
});

Deno.test("deadline() rejects on timeout", async () => {
  using time = new FakeTime();
  const waiting = deadline(new Promise(() => {}), 1_000);
  const rejected = assertRejects(() => waiting, Error, "within 1000 ms");
  await time.tickAsync(1_000);
  await rejected;
});

Deno.test("deadline() rejects on abort, also on an earlier abort", async () => {
  const controller = new AbortController();
  const wait = () =>
    deadline(new Promise(() => {}), 1_000_000, controller.signal);
  const rejected = assertRejects(wait, Error, "enough");
  controller.abort(new Error("enough"));
  await rejected;
  await assertRejects(wait, Error, "enough");
});
