import { type Command, Option } from "commander";
import { parse as parseEnv } from "dotenv";
import { type Config, loadConfig } from "../config.ts";
import {
  flagOf,
  type Setting,
  type SettingName,
  settings,
} from "../settings.ts";
import { CommandFailure } from "./failure.ts";

/** One command of the command line. */
export interface CliCommand {
  readonly command: Command;
  /** @returns The exit code. */
  readonly action: (command: Command) => number | Promise<number>;
  /** Whether it is what `taskwire` alone does. */
  readonly isDefault?: boolean;
  /** Whether the help leaves it out: it is not for people. */
  readonly isHidden?: boolean;
}

/** Gives a command the flags of these settings, and `--env-file`. */
export function withSettings(
  command: Command,
  names: readonly SettingName[],
): Command {
  for (const name of names) {
    const setting: Setting = settings[name];
    const fallback = setting.fallback === undefined
      ? ""
      : ` (default: ${setting.fallback})`;
    command.addOption(
      new Option(
        `${flagOf(setting)} <value>`,
        `${setting.description}${fallback}; ${setting.variable}`,
      ),
    );
  }
  return command.option(
    "--env-file <file>",
    "read settings from a .env file; flags and the environment win over it",
  );
}

/**
 * The configuration that a command was called with.
 *
 * @throws {ConfigError} For bad values.
 * @throws {CommandFailure} When the env file can't be read.
 */
export function readConfig(command: Command): Config {
  const options: Record<string, unknown> = command.opts();
  const flags: Partial<Record<SettingName, string>> = {};
  for (const name of Object.keys(settings) as SettingName[]) {
    const value = options[optionName(name)];
    if (typeof value === "string") flags[name] = value;
  }
  const envFile = options.envFile;
  return loadConfig({
    flags,
    environment: (variable) => Deno.env.get(variable),
    ...(typeof envFile === "string" ? { envFile: readEnvFile(envFile) } : {}),
  });
}

/** The name under which the option parser keeps a setting's flag. */
function optionName(name: SettingName): string {
  return new Option(flagOf(settings[name])).attributeName();
}

function readEnvFile(path: string): Record<string, string> {
  try {
    return parseEnv(Deno.readTextFileSync(path));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new CommandFailure(
      `--env-file ${path} cannot be read: ${error.message}`,
    );
  }
}
