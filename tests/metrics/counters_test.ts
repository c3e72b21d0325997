import { assertEquals } from "@std/assert";
import { countClose, createCounters } from "../../src/metrics/counters.ts";

Deno.test("createCounters() begins at zero, each time", () => {
  const first = createCounters();
  first.mergedEvents += 1;
  first.tokens.authenticated += 1;
  first.closes["1000"] = 1;
  const { durations: _, ...counters } = createCounters();
  const numbers = Object.values(counters).flatMap((value) =>
    typeof value === "number" ? value : Object.values(value)
  );
  assertEquals(numbers.length > 30, true);
  assertEquals(new Set(numbers), new Set([0]));
});

Deno.test("countClose() counts by code, a lost socket as 1006", () => {
  const counters = createCounters();
  for (const code of [1000, 4408, 4408, 0, 1006]) countClose(counters, code);
  const { closes } = counters;
  assertEquals([closes[1000], closes[4408], closes[1006]], [1, 2, 2]);
});

Deno.test("countClose() counts codes that clients make up as one", () => {
  const counters = createCounters();
  const before = Object.keys(counters.closes);
  for (let code = 3_000; code < 3_100; code += 1) countClose(counters, code);
  countClose(counters, NaN);
  assertEquals(counters.closes.other, 101);
  assertEquals(Object.keys(counters.closes), before);
});
