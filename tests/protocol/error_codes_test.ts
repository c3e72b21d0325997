import { assertEquals } from "@std/assert";
import { errorCodeMeanings } from "../../src/docs/schemas/meanings.ts";
import { closingErrors } from "../../src/protocol/error_codes.ts";

/** Errors of a socket that stays open. */
const harmless = [
  "bad_frame",
  "store_unavailable",
  "task_finished",
  "task_unknown",
  "too_many_lists",
  "too_many_subscriptions",
];

Deno.test("closingErrors has every error code followed by a close", () => {
  assertEquals(
    [...Object.keys(closingErrors), ...harmless].sort(),
    Object.keys(errorCodeMeanings).sort(),
  );
});
