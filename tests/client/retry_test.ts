import { assert, assertEquals } from "@std/assert";
import { judgeClose, retryDelayMs } from "../../src/client/retry.ts";
import { closeCodes } from "../../src/protocol/close_codes.ts";

Deno.test("judgeClose() obeys the table of close codes", () => {
  const verdicts: Record<keyof typeof closeCodes, string> = {
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
  for (const [name, verdict] of Object.entries(verdicts)) {
    const code = closeCodes[name as keyof typeof closeCodes];
    assertEquals(judgeClose(code), verdict, name);
  }
  assertEquals(judgeClose(1006), "retry");
});

Deno.test("judgeClose() stays away when an operator has ended a stream of events", () => {
  assertEquals(judgeClose(1006, "disconnected_by_operator"), "stop");
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
