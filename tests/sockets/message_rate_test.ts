import { assertEquals } from "@std/assert";
import { stub } from "@std/testing/mock";
import { createMessageRate } from "../../src/sockets/message_rate.ts";

/** A replacement of `performance.now()`, which fake time does not control. */
function fakeClock() {
  const clock = { nowMs: 1_000 };
  const faked = stub(performance, "now", () => clock.nowMs);
  return Object.assign(clock, { [Symbol.dispose]: () => faked.restore() });
}

function countAllowed(
  isWithinRate: (bytes: number) => boolean,
  messages: number,
  bytes = 20,
): number {
  return Array.from({ length: messages }, () => isWithinRate(bytes))
    .filter(Boolean).length;
}

Deno.test("createMessageRate() allows a burst of twice the rate", () => {
  using _clock = fakeClock();
  assertEquals(countAllowed(createMessageRate(50), 150), 100);
});

for (
  const [perSecond, bytes, allowed] of [
    [50, 0, 100],
    [50, 16_384, 100],
    [50, 16_385, 50],
    [50, 65_536, 25],
    // Larger than a burst, but permitted.
    [1, 65_536, 1],
  ] as const
) {
  Deno.test(`createMessageRate() allows ${allowed} messages of ${bytes} bytes at ${perSecond} a second`, () => {
    using _clock = fakeClock();
    assertEquals(
      countAllowed(createMessageRate(perSecond), 150, bytes),
      allowed,
    );
  });
}

Deno.test("createMessageRate() earns the rate back each second", () => {
  using clock = fakeClock();
  const isWithinRate = createMessageRate(50);
  countAllowed(isWithinRate, 150);
  clock.nowMs += 1_000;
  assertEquals(countAllowed(isWithinRate, 150), 50);
});

Deno.test("createMessageRate() saves up no more than a burst", () => {
  using clock = fakeClock();
  const isWithinRate = createMessageRate(50);
  clock.nowMs += 3_600_000;
  assertEquals(countAllowed(isWithinRate, 150), 100);
});

Deno.test("createMessageRate() adds up the fractions between messages", () => {
  using clock = fakeClock();
  const isWithinRate = createMessageRate(1);
  countAllowed(isWithinRate, 2);
  const outcomes = [0, 0, 0].map(() => {
    clock.nowMs += 500;
    return isWithinRate(1);
  });
  assertEquals(outcomes, [false, true, false]);
});

Deno.test("createMessageRate() never refuses at a rate of 0", () => {
  assertEquals(countAllowed(createMessageRate(0), 1_000), 1_000);
});

Deno.test("createMessageRate() counts each socket by itself", () => {
  using _clock = fakeClock();
  const [first, second] = [createMessageRate(1), createMessageRate(1)];
  countAllowed(first, 5);
  assertEquals(countAllowed(second, 5), 2);
});
