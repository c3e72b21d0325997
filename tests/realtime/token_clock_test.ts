import { assertEquals, assertFalse } from "@std/assert";
import { stub } from "@std/testing/mock";
import { FakeTime } from "@std/testing/time";
import { TokenClock } from "../../src/realtime/token_clock.ts";

/**
 * Creates a clock that records its callbacks, with times in seconds from now.
 */
function notingClock(time: FakeTime, graceMs = 0) {
  const startedAt = time.now;
  const told: [what: string, atSeconds: number, expiresIn?: number][] = [];
  const at = () => (time.now - startedAt) / 1_000;
  const clock = new TokenClock({
    onExpiring: (seconds) => told.push(["expiring", at(), seconds]),
    onExpired: () => told.push(["expired", at()]),
  }, graceMs);
  return { clock, told };
}

for (
  const [lifeSeconds, expected] of [
    [3_600, [["expiring", 3_570, 30], ["expired", 3_600]]],
    [60, [["expiring", 30, 30], ["expired", 60]]],
    [40, [["expiring", 20, 20], ["expired", 40]]],
    [2, [["expiring", 1, 1], ["expired", 2]]],
    [0, [["expired", 0]]],
    [-3, [["expired", 0]]],
    // 100 days: longer than the longest timer.
    [8_640_000, [["expiring", 8_639_970, 30], ["expired", 8_640_000]]],
  ] as const
) {
  Deno.test(`TokenClock.watch() reports a lifetime of ${lifeSeconds} s in time`, () => {
    using time = new FakeTime();
    const { clock, told } = notingClock(time);
    clock.watch(Date.now() + lifeSeconds * 1_000);
    while (time.next());
    assertEquals(told, expected as unknown);
  });
}

Deno.test("TokenClock.watch() ends tokens at random within the grace", () => {
  for (const random of [0, 0.5, 0.999]) {
    using time = new FakeTime();
    using _random = stub(Math, "random", () => random);
    const { clock, told } = notingClock(time, 5_000);
    clock.watch(Date.now() + 60_000);
    while (time.next());
    assertEquals(told.at(-1), [
      "expired",
      60 + Math.floor(random * 5_000) / 1_000,
    ]);
  }
});

Deno.test("TokenClock.watch() forgets the token before", () => {
  using time = new FakeTime();
  const { clock, told } = notingClock(time);
  clock.watch(Date.now() + 10_000);
  time.tick(1_000);
  clock.watch(Date.now() + 100_000);
  time.tick(60_000);
  assertEquals(told, []);
  clock.watch(undefined);
  assertFalse(time.next());
});

Deno.test("TokenClock.stop() leaves no timer", () => {
  using time = new FakeTime();
  const { clock, told } = notingClock(time);
  clock.watch(Date.now() + 10_000);
  time.tick(5_000); // after onExpiring, before onExpired
  clock.stop();
  assertFalse(time.next());
  assertEquals(told.length, 1);
});
