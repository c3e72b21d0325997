import { assertEquals } from "@std/assert";
import { FakeTime } from "../support/fake_time.ts";
import { stub } from "@std/testing/mock";
import { BadTokens } from "../../src/admission/bad_tokens.ts";

const address = "192.0.2.1";

/** Notes a number of bad tokens of the address. */
function note(badTokens: BadTokens, count: number, from = address): void {
  for (let done = 0; done < count; done += 1) badTokens.note(from);
}

for (
  const [count, delayMs] of [
    [0, 0],
    [10, 0],
    [11, 100],
    [12, 200],
    [13, 400],
    [14, 800],
    [15, 1_600],
    [16, 2_000],
    [5_000, 2_000],
  ] as const
) {
  Deno.test(`BadTokens.delayMs() is ${delayMs} after ${count} bad tokens`, () => {
    using _ = new FakeTime();
    const badTokens = new BadTokens();
    note(badTokens, count);
    assertEquals(badTokens.delayMs(address), delayMs);
    assertEquals(badTokens.delayMs("192.0.2.2"), 0);
  });
}

Deno.test("BadTokens.delayMs() is 0 again after a minute, and nothing is remembered", () => {
  using time = new FakeTime();
  const badTokens = new BadTokens();
  note(badTokens, 16);
  time.tick(59_999);
  assertEquals(badTokens.delayMs(address), 2_000);
  time.tick(1);
  assertEquals([badTokens.delayMs(address), badTokens.size], [0, 0]);
});

Deno.test("BadTokens.delayMs() treats a /64 as one address", () => {
  const badTokens = new BadTokens();
  for (let count = 1; count <= 11; count += 1) {
    note(badTokens, 1, `2001::${count}`);
  }
  assertEquals(badTokens.delayMs("2001::ffff"), 100);
  assertEquals(badTokens.delayMs("2001:0:0:1::1"), 0);
});

Deno.test("BadTokens.delayMs() forgets an address on time, despite changes of the wall clock", () => {
  using time = new FakeTime();
  const badTokens = new BadTokens();
  {
    const now = Date.now();
    using _ = stub(Date, "now", () => now + 86_400_000);
    note(badTokens, 16);
  }
  assertEquals(badTokens.delayMs(address), 2_000);
  time.tick(60_000);
  assertEquals(badTokens.delayMs(address), 0);
});

Deno.test("BadTokens.note() remembers 10,000 addresses, the newest", () => {
  using _ = new FakeTime();
  const badTokens = new BadTokens();
  note(badTokens, 11, "first");
  for (let count = 2; count <= 10_000; count += 1) {
    note(badTokens, 1, `${count}`);
  }
  assertEquals([badTokens.size, badTokens.delayMs("first")], [10_000, 100]);
  note(badTokens, 11, "last");
  assertEquals(badTokens.size, 10_000);
  assertEquals([badTokens.delayMs("first"), badTokens.delayMs("last")], [
    0,
    100,
  ]);
});
