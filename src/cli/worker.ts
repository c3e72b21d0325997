import { Command } from "commander";
import { workerCommandName } from "../workers/spawn_worker.ts";
import type { CliCommand } from "./command.ts";

/** `taskwire worker`: a process of `serve --workers`, internal. */
export function workerCommand(): CliCommand {
  return {
    isHidden: true,
    command: new Command(workerCommandName).description(
      "internal: a process started by serve --workers",
    ),
    async action() {
      const { serveAsWorker } = await import("../launch/serve_as_worker.ts");
      return await serveAsWorker();
    },
  };
}
