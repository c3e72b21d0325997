import { assertEquals } from "@std/assert";
import {
  closeCodes,
  reconnectPolicies,
} from "../../src/protocol/close_codes.ts";

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

Deno.test("reconnectPolicies has the codes after which a client does not simply reconnect", () => {
  const policies: Partial<Record<keyof typeof closeCodes, string>> = {
    messageTooBig: "stop",
    badFrames: "stop",
    unauthorized: "renew",
    forbidden: "stop",
    disconnected: "stop",
  };
  for (const [name, code] of Object.entries(closeCodes)) {
    const policy = policies[name as keyof typeof closeCodes];
    assertEquals(reconnectPolicies[code], policy, name);
  }
});
