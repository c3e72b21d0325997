import { assert, assertEquals } from "@std/assert";
import { TaskwireError } from "../../src/client/api.ts";

Deno.test("TaskwireError() has a code for programs, and the close code if given", () => {
  const error = new TaskwireError("forbidden", "No", 4403);
  assert(error instanceof Error);
  assertEquals(String(error), "TaskwireError: No");
  assertEquals([error.code, error.closeCode], ["forbidden", 4403]);
  assertEquals(new TaskwireError("forbidden", "No").closeCode, undefined);
});
