import { assertEquals } from "@std/assert";
import { Tally } from "../../src/collections/keyed_counter.ts";

Deno.test("Tally.of() is the additions less the removals of a key", () => {
  const tally = new Tally();
  assertEquals(tally.of("a"), 0);
  tally.add("a");
  tally.add("a");
  tally.add("b");
  assertEquals([tally.of("a"), tally.of("b")], [2, 1]);
  tally.remove("a");
  tally.remove("b");
  assertEquals([tally.of("a"), tally.of("b")], [1, 0]);
});

Deno.test("Tally.remove() stops at none", () => {
  const tally = new Tally();
  tally.remove("a");
  tally.add("a");
  assertEquals(tally.of("a"), 1);
});
