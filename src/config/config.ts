import type * as z from "zod";
import type { JwtAlgorithm } from "../auth/algorithms.ts";
import { encodeEnvValue } from "./env_file.ts";
import {
  allSettings,
  type AnySettingName,
  type clientSettings,
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
    /** A path; the command line reads the file. */
    readonly jwtPublicKey?: string;
    readonly jwksUrl?: string;
    readonly jwtAlgorithms?: readonly JwtAlgorithm[];
    readonly jwtIssuer?: string;
    readonly jwtAudience?: string;
  };

/** Every setting's value, including the commands' settings. */
export type AnyConfig =
  & Config
  & {
    readonly [K in keyof typeof clientSettings]?: ValueOf<
      (typeof clientSettings)[K]
    >;
  };

/** The sources of settings, by precedence. An empty text counts as unset. */
export interface ConfigSources {
  /** By setting. */
  readonly flags?: Readonly<Partial<Record<AnySettingName, string>>>;
  /** Reads an environment variable. */
  readonly environment?: (variable: string) => string | undefined;
  /** The variables of an env file. */
  readonly envFile?: Readonly<Record<string, string>>;
  /** Receives a sentence about each ignored variable. */
  readonly warn?: (line: string) => void;
}

/** Every mistake in a configuration, a line each. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";

  /**
   * @param lines For each mistake, the setting, its value (secrets hidden) and the expected form.
   * @param isWrongUsage True if a flag has a bad value.
   */
  constructor(
    readonly lines: readonly string[],
    readonly isWrongUsage: boolean,
  ) {
    super(lines.join("\n"));
  }
}

/**
 * Reads the server's configuration from flags, environment and env file.
 *
 * @throws {ConfigError} As {@linkcode readSettings} does.
 */
export function loadConfig(sources: ConfigSources): Config {
  return Object.freeze(
    readSettings(sources, Object.keys(settings) as SettingName[]),
  );
}

/**
 * Reads the named settings. Bad values of the rest do no harm.
 *
 * @throws {ConfigError} With a line for each bad value, and for each unknown
 * variable of the env file that begins with `TASKWIRE_`.
 */
export function readSettings<K extends AnySettingName>(
  sources: ConfigSources,
  names: readonly K[],
): Pick<AnyConfig, K> {
  const mistakes = findUnknown(sources);
  const values: Record<string, unknown> = {};
  for (const name of names) {
    const setting: Setting = allSettings[name];
    const { text, source } = findText(name, setting, sources);
    if (text === undefined) {
      if (isList(name)) values[name] = [];
      continue;
    }
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
  return values as Pick<AnyConfig, K>;
}

/** True for a setting whose unset value is an empty list. */
function isList(name: AnySettingName): boolean {
  return name === "jwtSecrets" || name === "apiKeys" || name === "origins";
}

function findText(
  name: AnySettingName,
  setting: Setting,
  { flags, environment, envFile, warn }: ConfigSources,
): { text: string | undefined; source: string } {
  const { variable, fallback } = setting;
  const flag = flags?.[name];
  if (flag) return { text: flag, source: flagOf(setting) };
  for (const value of [environment?.(variable), envFile?.[variable]]) {
    if (!value) continue;
    if (!isServiceAddress(variable, value)) {
      return { text: value, source: variable };
    }
    warn?.(
      `${variable}=${
        showText(value)
      } is ignored: Kubernetes sets this variable for a service called taskwire, and the value is not a port. Rename the service, or set enableServiceLinks: false in the pod`,
    );
  }
  return { text: fallback, source: variable };
}

/** True if Kubernetes, or a Docker link, set the variable for a service called taskwire. */
function isServiceAddress(variable: string, value: string): boolean {
  return variable === settings.port.variable &&
    /^(?:tcp|udp|sctp):\/\//.test(value);
}

/** Variables set by Kubernetes for a service called taskwire, except `TASKWIRE_PORT`. */
const serviceName =
  /^TASKWIRE_(?:SERVICE_(?:HOST|PORT)(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)$/;

/** Finds unknown variables in the env file. The environment cannot be listed without further permissions. */
function findUnknown({ envFile = {}, warn }: ConfigSources): string[] {
  const known = new Set<string>(
    Object.values(allSettings).map(({ variable }) => variable),
  );
  const mistakes: string[] = [];
  for (const name of Object.keys(envFile)) {
    if (!name.startsWith("TASKWIRE_") || known.has(name)) continue;
    if (serviceName.test(name)) {
      warn?.(
        `${name} is ignored: Kubernetes sets it for a service called taskwire`,
      );
    } else {
      mistakes.push(
        `${name}: no such setting; 'taskwire print env' lists all settings`,
      );
    }
  }
  return mistakes;
}

/** An effective setting. */
export interface DescribedSetting {
  /** The environment variable. */
  readonly variable: string;
  /** The value, with secrets hidden; absent if unset. */
  readonly value?: string;
  /** The default, if any. */
  readonly fallback?: string;
  readonly description: string;
}

/** Describes every setting of a configuration, secrets hidden. */
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

/** Writes a configuration as lines of an env file, secrets hidden. */
export function describeConfig(config: Config): readonly string[] {
  return describeSettings(config).map(({ variable, value }) =>
    value === undefined
      ? `# ${variable}=`
      : `${variable}=${encodeEnvValue(value)}`
  );
}

/** Shows a value on a single line. Hides passwords and queries of URLs, and keys set by mistake. */
export function showText(text: string): string {
  return text.replace(/-----BEGIN.*|^\{.*/s, "(hidden)")
    .replace(/^((?!rediss?:)[^:]+:\/\/[^?#]*\?)[^#]+/is, "$1(hidden)")
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
