import { Argument, Command } from "commander";
import {
  type DeployFileName,
  deployFiles,
  readDeployFile,
} from "../deploy/deploy_file.ts";
import type { CliCommand } from "./command.ts";
import { printRaw } from "../terminal/output.ts";

/** `taskwire print`: prints a configuration file shipped with the binary. */
export function printCommand(): CliCommand {
  const names = Object.keys(deployFiles) as DeployFileName[];
  const list = names.map((name) => `${name}: ${deployFiles[name]}`);
  return {
    command: new Command("print")
      .description(
        `print a file for the operation of taskwire: ${names.join(", ")}`,
      )
      .addArgument(new Argument("<what>", list.join("; ")).choices(names)),
    async action(command) {
      const [name] = command.processedArgs as [DeployFileName];
      printRaw(await readDeployFile(name));
      return 0;
    },
  };
}
