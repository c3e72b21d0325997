import { assertEquals, assertFalse } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { SsePings } from "../../src/sse/pings.ts";

Deno.test("SsePings.add() calls every stream at the interval until ended", () => {
  using time = new FakeTime();
  const pings = new SsePings(15_000);
  const calls: string[] = [];
  const endFirst = pings.add(() => calls.push("first"));
  time.tick(15_000);
  const endSecond = pings.add(() => calls.push("second"));
  time.tick(15_000);
  endFirst();
  time.tick(15_000);
  assertEquals(calls, ["first", "first", "second", "second"]);
  endSecond();
  endSecond();
});

Deno.test("SsePings.add() keeps no timer once the last stream is ended, and begins anew", () => {
  using time = new FakeTime();
  const pings = new SsePings(15_000);
  pings.add(() => {})();
  assertFalse(time.next());
  let calls = 0;
  const end = pings.add(() => calls += 1);
  time.tick(30_000);
  assertEquals(calls, 2);
  end();
  assertFalse(time.next());
});

Deno.test("SsePings.add() lets a stream end in its turn", () => {
  using time = new FakeTime();
  const pings = new SsePings(1);
  const ends = [1, 2].map(() => {
    const end = pings.add(() => end());
    return end;
  });
  time.tick(1);
  assertEquals(ends.length, 2);
  assertFalse(time.next());
});

Deno.test("SsePings.add() never pings with interval 0", () => {
  using time = new FakeTime();
  new SsePings(0).add(() => {
    throw new Error("called");
  })();
  assertFalse(time.next());
});
