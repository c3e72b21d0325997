import type { Config } from "./config.ts";

/** Loopback addresses for clients, by the wildcard address of a server. */
const unspecified: Record<string, string> = {
  "0.0.0.0": "127.0.0.1",
  "::": "::1",
};

/** Returns the URL of a server on this machine. */
export function listeningUrl(
  { host, port }: Pick<Config, "host" | "port">,
): URL {
  const reachable = unspecified[host] ?? host;
  const authority = reachable.includes(":") ? `[${reachable}]` : reachable;
  return new URL(`http://${authority}:${port}/`);
}
