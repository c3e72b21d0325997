import type { Config } from "../config/config.ts";
import { clientSettings } from "../config/settings.ts";
import type { SettingsReader } from "./command.ts";
import { UsageFailure } from "./failure.ts";

/** Addresses that a server listens on and no client can connect to. */
const unspecified: Record<string, string> = {
  "0.0.0.0": "127.0.0.1",
  "::": "::1",
};

/** The settings that name the server that a command talks to. */
export const serverSettings = ["url", "host", "port"] as const;

/**
 * The address of the server that a command talks to: the argument, otherwise
 * `--url` or TASKWIRE_URL, otherwise made of host and port, which are read only
 * then.
 *
 * @param argument As the user wrote it: http(s) or ws(s).
 * @returns An http or https URL that ends in a slash.
 * @throws {UsageFailure} If the argument is no such URL.
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

/** The address by which this machine reaches a server that listens there. */
export function listeningUrl(
  { host, port }: Pick<Config, "host" | "port">,
): URL {
  const reachable = unspecified[host] ?? host;
  const authority = reachable.includes(":") ? `[${reachable}]` : reachable;
  return new URL(`http://${authority}:${port}/`);
}

/** The address of a WebSocket route on a server. */
export function webSocketUrl(server: URL, path: string): URL {
  const url = new URL(path, server);
  url.protocol = server.protocol === "https:" ? "wss:" : "ws:";
  return url;
}

/**
 * The origin and path that an answer redirects to, without the query, in which
 * a secret may be.
 *
 * @returns `undefined` if the answer is no redirect.
 */
export function redirectTarget(
  { status, headers }: Response,
  from: URL,
): string | undefined {
  const location = headers.get("location");
  if (status < 300 || status > 399 || location === null) return undefined;
  const url = URL.parse(location, from);
  return url === null ? "an address that is no URL" : url.origin + url.pathname;
}
