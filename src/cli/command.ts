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
import { CommandFailure } from "./failure.ts";
import { printError } from "./output.ts";

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
    "read settings from a .env file; flags and the environment win over it",
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
 * Opens the settings that a command was called with. A command reads those it
 * uses, so that a bad value of another does not stop it.
 *
 * @throws {ConfigError} For lines of the env file that can't be read as they are meant.
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
 * The server's configuration that a command was called with.
 *
 * @throws {ConfigError} For bad values.
 * @throws {CommandFailure} If the env file can't be read.
 */
export function readConfig(command: Command): Config {
  const names = Object.keys(settings) as SettingName[];
  return Object.freeze(openSettings(command)(...names));
}

/** Warns of a secret among the arguments, which every user of the machine can list. */
function warnOfSecret(setting: Setting, value: string): void {
  if (!setting.isSecret && showText(value) === value) return;
  printError(
    `warning: ${
      flagOf(setting)
    } shows a secret to everybody who can list this machine's processes: set ${setting.variable} instead, or use --env-file`,
  );
}

/** The name under which the option parser keeps a setting's flag. */
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
