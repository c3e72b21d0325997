import { assertThrows } from "@std/assert";
import { checkConnectionId } from "../../src/cli/connection_id.ts";
import { UsageFailure } from "../../src/cli/failure.ts";

Deno.test("checkConnectionId() refuses what can't be an id or can't be sent", () => {
  for (const id of ["a", "a/b", "...", ".a", "上传"]) checkConnectionId(id);
  for (const id of ["", ".", "..", "a\n", "a".repeat(257)]) {
    assertThrows(() => checkConnectionId(id), UsageFailure);
  }
});
