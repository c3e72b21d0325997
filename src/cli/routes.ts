import { Command } from "commander";
import type { CliCommand } from "./command.ts";
import { printLine } from "../terminal/output.ts";

/** `taskwire routes`: compares the app with the routes table. */
export function routesCommand(): CliCommand {
  return {
    command: new Command("routes").description(
      "print and verify the WebSocket routes",
    ),
    async action() {
      const { describeOwnRoutes } = await import(
        "../launch/describe_routes.ts"
      );
      const report = await describeOwnRoutes();
      for (const line of report.lines) printLine(line);
      return report.isSound ? 0 : 1;
    },
  };
}
