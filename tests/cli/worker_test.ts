import { assert, assertEquals } from "@std/assert";
import { assertFailure } from "../support/assert_failure.ts";
import { taskwire } from "../support/taskwire.ts";

Deno.test("workerCommand() is internal", async () => {
  assertFailure(
    await taskwire(["worker"]),
    1,
    /^error: 'worker' is an internal command: use 'taskwire serve --workers' instead$/m,
  );
  const help = await taskwire(["--help"]);
  assertEquals(help.code, 0);
  assert(!/^ +worker\b/m.test(help.stdout), help.stdout);
});
