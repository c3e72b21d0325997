import { assertEquals } from "@std/assert";
import { refusalOf } from "../../src/sse/refusal.ts";
import { closeCodes } from "../../src/protocol/close_codes.ts";

for (
  const [code, status] of [
    [closeCodes.unauthorized, 401],
    [closeCodes.forbidden, 403],
    [closeCodes.disconnected, 403],
    [closeCodes.rateLimited, 429],
    [closeCodes.serviceRestart, 503],
    [closeCodes.tryAgainLater, 503],
    [closeCodes.internalError, 500],
    [closeCodes.goingAway, 500],
  ] as const
) {
  Deno.test(`refusalOf() answers ${status} for close code ${code}`, () => {
    const errors = [
      { code: "token_expired", message: "Too old" },
      { code: "too_slow", message: "Go away" },
    ] as const;
    assertEquals(refusalOf(code, errors).problem, {
      status,
      code: "too_slow",
      detail: "Too old. Go away",
    });
  });
}

Deno.test("refusalOf() says when to come back, in whole seconds", () => {
  const error = {
    code: "too_slow",
    message: "Later",
    retryAfterMs: 1_001,
  } as const;
  assertEquals(refusalOf(closeCodes.tryAgainLater, [error]).problem.headers, {
    "Retry-After": "2",
  });
});

Deno.test("refusalOf() reports an internal error if no error was sent", () => {
  assertEquals(
    refusalOf(closeCodes.goingAway, []).problem.code,
    "internal_error",
  );
});
