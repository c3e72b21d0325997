import { listeningUrl } from "../config/listening_url.ts";
import { clientSettings } from "../config/settings.ts";
import type { SettingsReader } from "./command.ts";
import { UsageFailure } from "../terminal/failure.ts";

/** The settings that give the address of a command's server. */
export const serverSettings = ["url", "host", "port"] as const;

/**
 * Returns the address of a command's server: the argument, otherwise `--url` or
 * TASKWIRE_URL, otherwise host and port.
 *
 * @param argument A URL with http(s) or ws(s).
 * @returns An http or https URL that ends in a slash.
 * @throws {UsageFailure} If the argument is not a URL of these schemes.
 * @throws {ConfigError} If a setting is bad.
 */
export function serverUrl(read: SettingsReader, argument?: string): URL {
  const url = argument === undefined
    ? read("url").url
    : parseArgument(argument);
  if (url === undefined) return listeningUrl(read("host", "port"));
  url.search = "";
  url.hash = "";
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}

function parseArgument(text: string): URL {
  const { schema, expects } = clientSettings.url;
  const { data } = schema.safeParse(text);
  if (data === undefined) {
    throw new UsageFailure(`${text}: expected ${expects}`);
  }
  return data;
}

/** The address of a WebSocket route on a server. */
export function webSocketUrl(server: URL, path: string): URL {
  const url = new URL(path, server);
  url.protocol = server.protocol === "https:" ? "wss:" : "ws:";
  return url;
}

/**
 * Returns the origin and path of a redirect's target, without the query, since
 * the query may hold a secret.
 *
 * @returns `undefined` unless the response is a redirect.
 */
export function redirectTarget(
  { status, headers }: Response,
  from: URL,
): string | undefined {
  const location = headers.get("location");
  if (status < 300 || status > 399 || location === null) return undefined;
  const url = URL.parse(location, from);
  return url === null ? "an invalid URL" : url.origin + url.pathname;
}
