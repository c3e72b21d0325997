import type { z } from "zod";
import type { JwtAlgorithm } from "./auth/algorithms.ts";
import {
  flagOf,
  type Setting,
  type SettingName,
  settings,
} from "./settings.ts";

type ValueOf<S extends Setting> = z.output<S["schema"]>;

/** The server's configuration: every setting's value, frozen. */
export type Config =
  & {
    readonly [
      K in SettingName as (typeof settings)[K] extends { fallback: string } ? K
        : never
    ]: ValueOf<(typeof settings)[K]>;
  }
  & {
    readonly jwtSecrets: readonly string[];
    readonly apiKeys: readonly string[];
    readonly origins: readonly string[];
    /** A path; the file is read at the entry. */
    readonly jwtPublicKey?: string;
    readonly jwksUrl?: string;
    readonly jwtAlgorithms?: readonly JwtAlgorithm[];
    readonly jwtIssuer?: string;
    readonly jwtAudience?: string;
  };

/** Where settings come from; the first that has one wins. An empty text counts as unset. */
export interface ConfigSources {
  /** By setting. */
  readonly flags?: Readonly<Partial<Record<SettingName, string>>>;
  /** Reads an environment variable. */
  readonly environment?: (variable: string) => string | undefined;
  /** The variables of an env file. */
  readonly envFile?: Readonly<Record<string, string>>;
}

/** Every mistake in a configuration, a line each. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";

  /**
   * @param lines Each names the setting, its value (secrets hidden) and what is expected.
   * @param isWrongUsage Whether a flag is among them.
   */
  constructor(
    readonly lines: readonly string[],
    readonly isWrongUsage: boolean,
  ) {
    super(lines.join("\n"));
  }
}

/**
 * Makes the configuration out of flags, environment and env file.
 *
 * @throws {ConfigError} With a line for each bad value, and for each variable
 * of the env file that begins with `TASKWIRE_` and means nothing.
 */
export function loadConfig(sources: ConfigSources): Config {
  const mistakes = findUnknown(sources.envFile ?? {});
  const values: Record<string, unknown> = {
    jwtSecrets: [],
    apiKeys: [],
    origins: [],
  };
  for (const name of Object.keys(settings) as SettingName[]) {
    const setting: Setting = settings[name];
    const { text, source } = findText(name, setting, sources);
    if (text === undefined) continue;
    const result = setting.schema.safeParse(text);
    if (result.success) values[name] = result.data;
    else {
      const shown = setting.isSecret ? "(hidden)" : showText(text);
      mistakes.push(`${source}=${shown}: expected ${setting.expects}`);
    }
  }
  if (mistakes.length > 0) {
    const isWrongUsage = mistakes.some((line) => line.startsWith("--"));
    throw new ConfigError(mistakes, isWrongUsage);
  }
  return Object.freeze(values as Config);
}

function findText(
  name: SettingName,
  setting: Setting,
  { flags, environment, envFile }: ConfigSources,
): { text: string | undefined; source: string } {
  const { variable, fallback } = setting;
  const flag = flags?.[name];
  if (flag) return { text: flag, source: flagOf(setting) };
  const text = environment?.(variable) || envFile?.[variable] || fallback;
  return { text, source: variable };
}

/** Only an env file can be searched: the process may read no other variables than its own. */
function findUnknown(envFile: Readonly<Record<string, string>>): string[] {
  const known = new Set(
    Object.values(settings).map(({ variable }) => variable),
  );
  return Object.keys(envFile)
    .filter((name) => name.startsWith("TASKWIRE_") && !known.has(name))
    .map((name) =>
      `${name}: no such setting; 'taskwire config' lists those there are`
    );
}

/** A setting that is in force. */
export interface DescribedSetting {
  /** The environment variable. */
  readonly variable: string;
  /** As an env file has it, secrets hidden; absent where it is unset. */
  readonly value?: string;
  /** The default; absent where there is none. */
  readonly fallback?: string;
  readonly description: string;
}

/** Every setting of a configuration, secrets hidden. */
export function describeSettings(config: Config): readonly DescribedSetting[] {
  return (Object.keys(settings) as SettingName[]).map((name) => {
    const setting: Setting = settings[name];
    const value: unknown =
      (config as Partial<Record<SettingName, unknown>>)[name];
    const isUnset = value === undefined ||
      (Array.isArray(value) && value.length === 0);
    const { variable, fallback, description } = setting;
    return {
      variable,
      ...(isUnset
        ? {}
        : { value: setting.isSecret ? "(hidden)" : showText(String(value)) }),
      ...(fallback === undefined ? {} : { fallback }),
      description,
    };
  });
}

/** A configuration as lines of an env file, secrets hidden. */
export function describeConfig(config: Config): readonly string[] {
  return describeSettings(config).map(({ variable, value }) =>
    value === undefined ? `# ${variable}=` : `${variable}=${value}`
  );
}

/** A value on one line, without the password of a URL, and no key that came where none was wanted. */
export function showText(text: string): string {
  return text.replace(/-----BEGIN.*|^\{.*/s, "(hidden)")
    .replace(
      /(?<=\/\/|^rediss?:(?!\/\/))([^/:@]*:)?.+(?=@)/is,
      (_, user = "") => `${user}(hidden)`,
    )
    .replace(
      /([?&][^=&#]*(?:pass|secret|token|auth|key)[^=&#]*=)[^&#]*/gi,
      "$1(hidden)",
    )
    .replace(
      /\p{Cc}/gu,
      (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, "0")}`,
    );
}
