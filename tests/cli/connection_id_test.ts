import { assertThrows } from "@std/assert";
import { checkTaskId } from "../../src/cli/connection_id.ts";
import { UsageFailure } from "../../src/terminal/failure.ts";

Deno.test("checkTaskId() rejects invalid ids, and ids that a URL can't carry", () => {
  for (const id of ["a", "a/b", "...", ".a", "上传"]) checkTaskId(id);
  for (const id of ["", ".", "..", "a\n", "a".repeat(257)]) {
    assertThrows(() => checkTaskId(id), UsageFailure);
  }
});
