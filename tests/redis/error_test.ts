import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { ErrorReply } from "@redis/client";
import {
  asOpenError,
  asUnavailable,
  isMisconfigured,
  isRefusal,
  RedisOpenError,
  RedisUnavailableError,
} from "../../src/redis/error.ts";

const away = [
  new Error("Socket closed unexpectedly"),
  new ErrorReply("LOADING Redis is loading the dataset in memory"),
  new ErrorReply("READONLY You can't write against a read only replica."),
  new ErrorReply(
    "ERR Error running script (call to f_1): @user_script:12: -READONLY You can't write against a read only replica.",
  ),
  new ErrorReply("CLUSTERDOWN The cluster is down"),
  new ErrorReply("MOVED 3999 127.0.0.1:6381"),
  new ErrorReply("ERR max number of clients reached"),
];

const refusals = [
  "OOM command not allowed when used memory > 'maxmemory'.",
  "MISCONF Redis is configured to save RDB snapshots",
  "NOREPLICAS Not enough good replicas to write.",
  "BUSY Redis is busy running a script.",
].map((message) => new ErrorReply(message));

const misconfigured = [
  new ErrorReply("WRONGPASS invalid username-password pair"),
  new ErrorReply("NOAUTH HELLO must be called with the client"),
  new ErrorReply("NOPERM this user has no permissions"),
  new ErrorReply("ERR DB index is out of range"),
  new RedisOpenError("Redis 6.0.16 is too old"),
  new Error("invalid peer certificate: UnknownIssuer"),
];

const lost = new Error("lost");
const storeErrorOf = (error: unknown) => asUnavailable(error, () => lost);

Deno.test("asUnavailable() recognizes an unreachable Redis", () => {
  for (const error of away) assertStrictEquals(storeErrorOf(error), lost);
  const found = asUnavailable("gone", (cause) => cause);
  assertEquals(String(found), "Error: gone");
});

Deno.test("asUnavailable() recognizes a refusal, and passes on the reason", () => {
  const denied = [
    "NOPERM this user has no permissions to run the 'eval' command",
    "ERR The user executing the script can't run this command or subcommand script: 97da, on @user_script:124.",
  ].map((message) => new ErrorReply(message));
  for (const error of [...refusals, ...denied]) {
    const found = storeErrorOf(error);
    assert(found instanceof RedisUnavailableError);
    assertEquals(found.message, `Redis refuses: ${error.message}`);
    assertStrictEquals(found.cause, error);
  }
});

Deno.test("asUnavailable() returns bugs and its own errors unchanged", () => {
  for (
    const error of [
      new ErrorReply("WRONGTYPE Operation against a key"),
      new RedisUnavailableError("away"),
    ]
  ) assertStrictEquals(storeErrorOf(error), error);
});

Deno.test("isRefusal() is true for errors that an operator can end without a reconnect", () => {
  assert(refusals.every(isRefusal));
  assert(![...away, ...misconfigured].some(isRefusal));
});

Deno.test("isMisconfigured() is true for errors that would come again", () => {
  assert(misconfigured.every(isMisconfigured));
  assert(![...away, ...refusals].some(isMisconfigured));
});

Deno.test("asOpenError() tells the operator how to fix the fault", () => {
  const messages = misconfigured.map((error) => asOpenError(error).message);
  assertEquals(messages, [
    "Redis rejected the user or password: WRONGPASS invalid username-password pair",
    "Redis rejected the user or password: NOAUTH HELLO must be called with the client",
    "Redis refused the connection: NOPERM this user has no permissions",
    "Redis refused the connection: ERR DB index is out of range",
    "Redis 6.0.16 is too old",
    "Redis's certificate is not trusted: set DENO_CERT to the file with its certificate authority: invalid peer certificate: UnknownIssuer",
  ]);
});
