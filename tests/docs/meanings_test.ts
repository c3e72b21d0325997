import { assertEquals } from "@std/assert";
import {
  errorCodeMeanings,
  tokenCodeMeanings,
} from "../../src/docs/meanings.ts";
import { codesIn } from "../support/codes.ts";

/** Refusals of the state machine that a `cancel` may meet. */
const refusals = ["task_finished", "task_unknown"];

/** Said over HTTP alone, before a handshake is accepted. */
const httpCodes = [
  "bad_host",
  "client_gone",
  "draining",
  "missing_websocket_key",
  "unsupported_websocket_version",
  "upgrade_required",
];

/** Said by the route that closes them. */
const operatorCodes = ["disconnected_by_operator"];

Deno.test("errorCodeMeanings has every code that sockets are told", async () => {
  const said = new Set([
    ...await codesIn("src/sockets"),
    ...await codesIn("src/auth"),
    ...refusals,
    ...operatorCodes,
  ]);
  const expected = [...said].filter((code) => !httpCodes.includes(code));
  const documented = new Set([
    ...Object.keys(errorCodeMeanings),
    ...Object.keys(tokenCodeMeanings),
  ]);
  assertEquals(
    [...documented].sort(),
    [
      ...new Set([...expected, ...Object.keys(tokenCodeMeanings)]),
    ].sort(),
  );
});
