import { assert, assertEquals } from "@std/assert";
import { meantClose, retryDelayMs } from "../../src/client/retry.ts";

Deno.test("meantClose() believes a final error, not the received code", () => {
  assertEquals(meantClose(1006, "origin_not_allowed"), 4403);
  assertEquals(meantClose(1006, "disconnected_by_operator"), 4409);
  assertEquals(meantClose(4429, "forbidden"), 4403);
});

Deno.test("meantClose() believes the received code after any other error", () => {
  for (
    const word of [
      "token_expired",
      "rate_limited",
      "of_a_newer_server",
      undefined,
    ]
  ) {
    assertEquals(meantClose(4401, word), 4401);
  }
});

Deno.test("retryDelayMs() is anything up to a ceiling that doubles from 0.5 s to 20 s", () => {
  const ceilings = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000];
  for (const [failures, ceiling] of ceilings.entries()) {
    const delays = Array.from({ length: 1_000 }, () => retryDelayMs(failures));
    assert(delays.every((delay) => delay >= 0 && delay < ceiling));
    assert(Math.max(...delays) > ceiling * 0.9);
    assert(Math.min(...delays) < ceiling * 0.1);
  }
});
