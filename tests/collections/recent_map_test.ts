import { assertEquals } from "@std/assert";
import { RecentMap } from "../../src/collections/recent_map.ts";

const value = {};

Deno.test("RecentMap keeps those seen last, and forgets those not seen for longest", () => {
  const map = new RecentMap(4);
  for (const key of ["a", "b", "c"]) map.set(key, value);
  assertEquals(map.get("a"), value);
  map.set("d", value);
  assertEquals([map.get("a"), map.get("b")], [value, undefined]);
});

Deno.test("RecentMap counts a key once, and deletes it", () => {
  const map = new RecentMap(8);
  for (const key of ["a", "b", "a", "c"]) map.set(key, value);
  assertEquals(map.size, 3);
  for (const key of ["a", "c"]) map.delete(key);
  assertEquals([map.get("a"), map.size], [undefined, 1]);
});

Deno.test("RecentMap holds 10,000 entries at most, and at least half as many", () => {
  const map = new RecentMap(10_000);
  for (let n = 0; n < 30_000; n += 1) {
    map.set(`${n}`, value);
    assertEquals(map.size <= 10_000, true);
    assertEquals(map.size >= Math.min(n + 1, 5_000), true);
  }
});

Deno.test("RecentMap.clear() forgets all", () => {
  const map = new RecentMap(4);
  for (const key of ["a", "b", "c"]) map.set(key, value);
  map.clear();
  assertEquals([map.size, map.get("a"), map.get("c")], [
    0,
    undefined,
    undefined,
  ]);
});
