import { assert, assertEquals } from "@std/assert";
import { stub } from "@std/testing/mock";
import { jitteredRetryMs } from "../../src/connections/retry.ts";

for (
  const [random, expected] of [[0, 500], [0.5, 2_750], [1, 5_000]] as const
) {
  Deno.test(`jitteredRetryMs() is ${expected} for random ${random}`, () => {
    using _ = stub(Math, "random", () => random);
    assertEquals(jitteredRetryMs(), expected);
  });
}

Deno.test("jitteredRetryMs() differs between sockets", () => {
  const delays = new Set(Array.from({ length: 20 }, jitteredRetryMs));
  assert(delays.size > 1);
});
