import { assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { inTime } from "../../src/async/deadline.ts";

Deno.test("inTime() gives what comes in time, the failure too", async () => {
  assertEquals(await inTime(Promise.resolve(1), 1_000), 1);
  await assertRejects(
    () => inTime(Promise.reject(new RangeError("no")), 1_000),
    RangeError,
    "no",
  );
});

Deno.test("inTime() waits no longer", async () => {
  using time = new FakeTime();
  const waiting = inTime(new Promise(() => {}), 1_000);
  const rejected = assertRejects(() => waiting, Error, "within 1000 ms");
  await time.tickAsync(1_000);
  await rejected;
});

Deno.test("inTime() ends when it is told to, or has been", async () => {
  const controller = new AbortController();
  const wait = () =>
    inTime(new Promise(() => {}), 1_000_000, controller.signal);
  const rejected = assertRejects(wait, Error, "enough");
  controller.abort(new Error("enough"));
  await rejected;
  await assertRejects(wait, Error, "enough");
});
