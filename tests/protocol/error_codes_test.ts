import { assert, assertEquals } from "@std/assert";
import { errorCodeMeanings } from "../../src/docs/schemas/meanings.ts";
import { reconnectPolicies } from "../../src/protocol/close_codes.ts";
import {
  finalErrors,
  temporaryErrors,
} from "../../src/protocol/error_codes.ts";

/** Errors of a socket that stays open. */
const harmless = [
  "bad_frame",
  "store_unavailable",
  "task_finished",
  "task_unknown",
  "too_many_lists",
  "too_many_subscriptions",
];

Deno.test("finalErrors and temporaryErrors have the error codes followed by a close", () => {
  const closing = { ...finalErrors, ...temporaryErrors };
  assertEquals(
    [...Object.keys(closing), ...harmless].sort(),
    Object.keys(errorCodeMeanings).sort(),
  );
});

Deno.test("finalErrors has the errors whose close code forbids to reconnect", () => {
  for (const code of Object.values(finalErrors)) {
    assert(code && reconnectPolicies[code]);
  }
  for (const code of Object.values(temporaryErrors)) {
    assertEquals(code && reconnectPolicies[code], undefined);
  }
});
