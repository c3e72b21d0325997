import type { z } from "zod";
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
    /** A path; the file is read at the entry. */
    readonly jwtPublicKey?: string;
    readonly jwksUrl?: string;
    readonly jwtAlgorithms?: readonly JwtAlgorithm[];
    readonly jwtIssuer?: string;
    readonly jwtAudience?: string;
  };

/** Every setting's value, those of the commands included. */
export type AnyConfig =
  & Config
  & {
    readonly [K in keyof typeof clientSettings]?: ValueOf<
      (typeof clientSettings)[K]
    >;
  };

/** Where settings come from; the first that has one wins. An empty text counts as unset. */
export interface ConfigSources {
  /** By setting. */
  readonly flags?: Readonly<Partial<Record<AnySettingName, string>>>;
  /** Reads an environment variable. */
  readonly environment?: (variable: string) => string | undefined;
  /** The variables of an env file. */
  readonly envFile?: Readonly<Record<string, string>>;
  /** Receives a sentence about each variable that is ignored. */
  readonly warn?: (line: string) => void;
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
 * Makes the server's configuration out of flags, environment and env file.
 *
 * @throws {ConfigError} As {@linkcode readSettings} does.
 */
export function loadConfig(sources: ConfigSources): Config {
  return Object.freeze(
    readSettings(sources, Object.keys(settings) as SettingName[]),
  );
}

/**
 * Reads some settings. Bad values of others do no harm.
 *
 * @throws {ConfigError} With a line for each bad value, and for each variable
 * of the env file that begins with `TASKWIRE_` and means nothing.
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

/** Tells if an unset setting is an empty list. */
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
      } is ignored: it is no port but what Kubernetes sets for a service called taskwire. Rename the service, or set enableServiceLinks: false in the pod`,
    );
  }
  return { text: fallback, source: variable };
}

/** Tells if Kubernetes, or Docker for a link, set the variable for a service called taskwire. */
function isServiceAddress(variable: string, value: string): boolean {
  return variable === settings.port.variable &&
    /^(?:tcp|udp|sctp):\/\//.test(value);
}

/** Names that Kubernetes makes for a service called taskwire, `TASKWIRE_PORT` apart. */
const serviceName =
  /^TASKWIRE_(?:SERVICE_(?:HOST|PORT)(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)$/;

/** Only an env file can be searched: the process may read no other variables than its own. */
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
        `${name}: no such setting; 'taskwire print env' lists those there are`,
      );
    }
  }
  return mistakes;
}

/** A setting that is in force. */
export interface DescribedSetting {
  /** The environment variable. */
  readonly variable: string;
  /** Secrets hidden; absent if it is unset. */
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
    value === undefined
      ? `# ${variable}=`
      : `${variable}=${encodeEnvValue(value)}`
  );
}

/** Shows a value on one line, without the password and the query of a URL, and hides a key given for another setting. */
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
