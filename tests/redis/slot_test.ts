import { assertEquals } from "@std/assert";
import { slotOf } from "../../src/redis/slot.ts";

// As `CLUSTER KEYSLOT` says.
const slots = {
  "123456789": 12_739,
  "foo": 12_182,
  "a{foo}b{bar}": 12_182,
  "{}foo": 9_500,
  "foo{}{bar}": 8_363,
  "foo{{bar}}zap": 4_015,
  "taskwire:{0}:shard": 13_907,
  "报告": 9_293,
};

Deno.test("slotOf() is the slot that Redis has for a key", () => {
  for (const [key, slot] of Object.entries(slots)) {
    assertEquals(slotOf(key), slot, key);
  }
});
