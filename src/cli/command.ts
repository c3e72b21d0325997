import { type Command, Option } from "commander";
import {
  type AnyConfig,
  type Config,
  ConfigError,
  type ConfigSources,
  readSettings,
  showText,
} from "../config/config.ts";
import { parseEnvFile } from "../config/env_file.ts";
import {
  allSettings,
  type AnySettingName,
  flagOf,
  type Setting,
  type SettingName,
  settings,
} from "../config/settings.ts";
import { CommandFailure } from "../terminal/failure.ts";
import { printError } from "../terminal/output.ts";

/** One command of the command line. */
export interface CliCommand {
  readonly command: Command;
  /** @returns The exit code. */
  readonly action: (command: Command) => number | Promise<number>;
  /** True for the command that runs if `taskwire` is called without any. */
  readonly isDefault?: boolean;
  /** True for an internal command, absent from the help. */
  readonly isHidden?: boolean;
}

/** Gives a command the flags of these settings, and `--env-file`. */
export function withSettings(
  command: Command,
  names: readonly AnySettingName[],
): Command {
  for (const name of names) {
    const setting: Setting = allSettings[name];
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
    "read settings from a .env file; flags and environment variables take precedence",
  );
}

/**
 * Reads settings by their names.
 *
 * @throws {ConfigError} For bad values of these settings.
 */
export type SettingsReader = <K extends AnySettingName>(
  ...names: K[]
) => Pick<AnyConfig, K>;

/**
 * Collects the flags, environment and env file of a command. The command then
 * reads only the settings in use; bad values of the rest do no harm.
 *
 * @throws {ConfigError} For ambiguous lines of the env file.
 * @throws {CommandFailure} If the env file can't be read.
 */
export function openSettings(command: Command): SettingsReader {
  const options: Record<string, unknown> = command.opts();
  const flags: Partial<Record<AnySettingName, string>> = {};
  for (const name of Object.keys(allSettings) as AnySettingName[]) {
    const value = options[optionName(name)];
    if (typeof value !== "string") continue;
    flags[name] = value;
    warnOfSecret(allSettings[name], value);
  }
  const { envFile } = options;
  const warnings = new Set<string>();
  const sources: ConfigSources = {
    flags,
    environment: (variable) => Deno.env.get(variable),
    ...(typeof envFile === "string" ? { envFile: readEnvFile(envFile) } : {}),
    warn(line) {
      if (!warnings.has(line)) printError(`warning: ${line}`);
      warnings.add(line);
    },
  };
  return (...names) => readSettings(sources, names);
}

/**
 * Reads the server's configuration from a command's flags, environment and env
 * file.
 *
 * @throws {ConfigError} For bad values.
 * @throws {CommandFailure} If the env file can't be read.
 */
export function readConfig(command: Command): Config {
  const names = Object.keys(settings) as SettingName[];
  return Object.freeze(openSettings(command)(...names));
}

/** Warns of a secret among the arguments: every user of the machine can list arguments. */
function warnOfSecret(setting: Setting, value: string): void {
  if (!setting.isSecret && showText(value) === value) return;
  printError(
    `warning: ${
      flagOf(setting)
    } shows a secret in this machine's list of processes: set ${setting.variable} instead, or use --env-file`,
  );
}

/** The name of a setting's flag among the parsed options. */
function optionName(name: AnySettingName): string {
  return new Option(flagOf(allSettings[name])).attributeName();
}

function readEnvFile(path: string): Record<string, string> {
  try {
    return parseEnvFile(Deno.readTextFileSync(path));
  } catch (error) {
    if (error instanceof AggregateError) {
      const lines = error.errors.map(({ message }) => `${path} ${message}`);
      throw new ConfigError(lines, false);
    }
    if (!(error instanceof Error)) throw error;
    throw new CommandFailure(
      `--env-file ${path} cannot be read: ${error.message}`,
    );
  }
}
