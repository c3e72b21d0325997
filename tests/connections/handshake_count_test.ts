import { assertEquals } from "@std/assert";
import { createCounters } from "../../src/metrics/counters.ts";
import { ProblemError } from "../../src/protocol/problem.ts";
import { countHandshakes } from "../../src/connections/handshake_count.ts";
import { StoreUnavailableError } from "../../src/tasks/store.ts";

Deno.test("countHandshakes() begins with none, and counts each by its end", () => {
  const counters = createCounters();
  const count = countHandshakes("a", counters);
  assertEquals(counters.handshakes, { a: { accepted: 0 } });
  count.accepted();
  const problem = { status: 403, code: "forbidden", detail: "No" } as const;
  for (
    const error of [
      new ProblemError(problem),
      new ProblemError(problem),
      new StoreUnavailableError("Away"),
      new Error("A fault"),
    ]
  ) {
    count.refused(error);
  }
  assertEquals(counters.handshakes, {
    a: { accepted: 1, forbidden: 2, store_unavailable: 1, failed: 1 },
  });
});
