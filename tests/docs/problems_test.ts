import { assertEquals } from "@std/assert";
import { problemMeanings } from "../../src/docs/problems.ts";
import { codesIn } from "../support/codes.ts";

/** Of the state machine's refusals, those that a publisher meets. */
const refusals = [
  "attempt_outdated",
  "event_id_reserved",
  "owner_fixed",
  "task_finished",
  "task_unknown",
];

/** What the guard of the WebSocket routes says over HTTP. */
const handshakeCodes = [
  "missing_websocket_key",
  "too_many_connections",
  "unsupported_websocket_version",
  "upgrade_required",
];

/** Said by app, server, verifier, and, as streams are refused like sockets, by endpoints. */
const otherCodes = [
  "authentication_required",
  "authentication_unavailable",
  "draining",
  "forbidden",
  "not_found",
  "origin_not_allowed",
  "verifier_unavailable",
];

Deno.test("problemMeanings has every code that HTTP answers with", async () => {
  const codes = new Set([
    ...await codesIn("src/http"),
    ...refusals,
    ...handshakeCodes,
    ...otherCodes,
  ]);
  assertEquals(Object.keys(problemMeanings).sort(), [...codes].sort());
});
