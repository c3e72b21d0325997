import { run } from "./src/cli/program.ts";
import { exemptLoopback } from "./src/cli/loopback_proxy.ts";
import { workerCommandName } from "./src/workers/spawn_worker.ts";

// A worker inherits the environment and has no permission to read it.
if (Deno.args[0] !== workerCommandName) exemptLoopback();
Deno.exit(await run(Deno.args));
