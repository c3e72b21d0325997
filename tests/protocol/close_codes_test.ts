import { assertEquals } from "@std/assert";
import { closeCodes } from "../../src/protocol/close_codes.ts";

Deno.test("closeCodes has the numbers of the contract", () => {
  assertEquals(closeCodes, {
    normal: 1000,
    goingAway: 1001,
    messageTooBig: 1009,
    internalError: 1011, // RFC 6455 §7.4.1; not in the spec's table
    serviceRestart: 1012,
    tryAgainLater: 1013,
    badFrames: 4400,
    unauthorized: 4401,
    forbidden: 4403,
    tooSlow: 4408,
    disconnected: 4409,
    rateLimited: 4429,
  });
});
