import { assert, assertEquals } from "@std/assert";
import { loadConfig } from "../../src/config/config.ts";
import { encodeMessage } from "../../src/workers/link.ts";
import type { SupervisorMessage } from "../../src/workers/messages.ts";
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

Deno.test("workerCommand() logs the worker's number", async () => {
  const config = loadConfig({ flags: { store: "memory:", port: "0" } });
  const start = { config, worker: 2 };
  // The link ends after the start, as if the supervisor had been killed.
  const { code, stderr } = await taskwire(["worker"], {
    stdin: encodeMessage({ kind: "start", start } satisfies SupervisorMessage),
  });
  const lines = stderr.trim().split("\n").map((line) => JSON.parse(line));
  const lost = lines.find(({ message }) =>
    /^Lost the supervisor/.test(message)
  );
  assertEquals(lost?.properties, { worker: 2 });
  assertEquals(code, 1);
});
