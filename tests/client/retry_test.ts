import { assert, assertEquals } from "@std/assert";
import {
  meantClose,
  policyOfClose,
  retryDelayMs,
} from "../../src/client/retry.ts";
import { closeCodes } from "../../src/protocol/close_codes.ts";

Deno.test("policyOfClose() follows the table of close codes", () => {
  const policies: Record<keyof typeof closeCodes, string> = {
    normal: "retry",
    goingAway: "retry",
    messageTooBig: "stop",
    internalError: "retry",
    serviceRestart: "retry",
    tryAgainLater: "retry",
    badFrames: "stop",
    unauthorized: "renew",
    forbidden: "stop",
    tooSlow: "retry",
    disconnected: "stop",
    rateLimited: "retry",
  };
  for (const [name, policy] of Object.entries(policies)) {
    const code = closeCodes[name as keyof typeof closeCodes];
    assertEquals(policyOfClose(code), policy, name);
  }
  assertEquals(policyOfClose(1006), "retry");
});

Deno.test("meantClose() believes an error that always closes, not the received code", () => {
  assertEquals(meantClose(1006, "origin_not_allowed"), 4403);
  assertEquals(meantClose(1006, "disconnected_by_operator"), 4409);
  assertEquals(meantClose(4403, "rate_limited"), 4429);
});

Deno.test("meantClose() believes the received code after any other error", () => {
  for (const word of ["token_expired", "of_a_newer_server", undefined]) {
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
