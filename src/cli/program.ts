import { Command, CommanderError } from "commander";
import { ConfigError } from "../config/config.ts";
import { version } from "../process/version.ts";
import { backupCommand } from "./backup.ts";
import { checkCommand } from "./check.ts";
import { configCommand } from "./config.ts";
import { CommandFailure, UsageFailure } from "../terminal/failure.ts";
import { printError, printRaw } from "../terminal/output.ts";
import { printCommand } from "./print.ts";
import { publishCommand } from "./publish.ts";
import { routesCommand } from "./routes.ts";
import { runCommand } from "./run.ts";
import { serveCommand } from "./serve.ts";
import { tokenCommand } from "./token.ts";
import { watchCommand } from "./watch.ts";
import { workerCommand } from "./worker.ts";

/**
 * Runs the command line (spec §4).
 *
 * @param args The arguments after the program's name.
 * @returns The exit code: 0 done, 1 failed, 2 wrong usage.
 */
export async function run(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = new Command("taskwire")
    .description("Pushes the status of background tasks to browsers.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .showSuggestionAfterError();
  const commands = [
    serveCommand(),
    routesCommand(),
    checkCommand(),
    tokenCommand(),
    publishCommand(),
    runCommand(),
    watchCommand(),
    backupCommand(),
    configCommand(),
    printCommand(),
    workerCommand(),
  ];
  for (const { command, action, isDefault, isHidden } of commands) {
    command.action(async () => {
      exitCode = await action(command);
    });
    command.helpOption("-h, --help", "print this help");
    program.addCommand(command, {
      isDefault: isDefault ?? false,
      hidden: isHidden ?? false,
    });
  }
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: printRaw,
      writeErr: (text) => {
        for (const line of text.trimEnd().split("\n")) printError(line);
      },
      // The default reads environment variables without permission.
      getOutHasColors: () => !Deno.noColor && Deno.stdout.isTerminal(),
      getErrHasColors: () => !Deno.noColor && Deno.stderr.isTerminal(),
    });
  }
  try {
    refuseUnknownCommand(args, program);
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    return explain(error);
  }
}

/** Reports an unknown command by name; commander would pass the word to the default command. */
function refuseUnknownCommand(
  [word]: readonly string[],
  { commands }: Command,
): void {
  if (word === undefined || word.startsWith("-") || word === "help") return;
  if (commands.some((command) => command.name() === word)) return;
  throw new UsageFailure(
    `unknown command '${word}': 'taskwire --help' lists the commands`,
  );
}

/** Prints an expected failure without its stack; rethrows an unexpected error. */
function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof UsageFailure) {
    printError(`error: ${error.message}`);
    return 2;
  }
  if (error instanceof ConfigError) {
    for (const line of error.lines) printError(`error: ${line}`);
    return error.isWrongUsage ? 2 : 1;
  }
  if (error instanceof CommandFailure) {
    printError(`error: ${error.message}`);
    return 1;
  }
  // The reader closed the pipe, as `head` does.
  if (error instanceof Deno.errors.BrokenPipe) return 1;
  throw error;
}
