import { assertEquals } from "@std/assert";
import { createCounters } from "../src/counters.ts";

Deno.test("createCounters() begins at zero, each time", () => {
  const counters = createCounters();
  counters.mergedEvents += 1;
  assertEquals(createCounters(), {
    mergedEvents: 0,
    evictedConnections: 0,
    keySetFailures: 0,
  });
});
