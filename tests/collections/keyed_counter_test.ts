import { assertEquals } from "@std/assert";
import { KeyedCounter } from "../../src/collections/keyed_counter.ts";

Deno.test("KeyedCounter.of() is the additions less the removals of a key", () => {
  const tally = new KeyedCounter();
  assertEquals(tally.of("a"), 0);
  tally.add("a");
  tally.add("a");
  tally.add("b");
  assertEquals([tally.of("a"), tally.of("b")], [2, 1]);
  tally.remove("a");
  tally.remove("b");
  assertEquals([tally.of("a"), tally.of("b")], [1, 0]);
});

Deno.test("KeyedCounter.remove() stops at 0", () => {
  const tally = new KeyedCounter();
  tally.remove("a");
  tally.add("a");
  assertEquals(tally.of("a"), 1);
});
