import { assertEquals, assertGreater } from "@std/assert";
import {
  forbidden,
  storeUnavailable,
} from "../../src/realtime/session_errors.ts";

Deno.test("forbidden() has no retry delay", () => {
  assertEquals(Object.keys(forbidden()), ["code", "message"]);
});

Deno.test("storeUnavailable() names the task, and says when to ask again", () => {
  const { code, taskId, retryAfterMs = 0 } = storeUnavailable("a");
  assertEquals([code, taskId], ["store_unavailable", "a"]);
  assertGreater(retryAfterMs, 0);
});
