import type { Command } from "commander";
import type { Config } from "../config.ts";
import { UsageFailure } from "./failure.ts";

/** Addresses that a server listens on and no client can connect to. */
const unspecified: Record<string, string> = {
  "0.0.0.0": "127.0.0.1",
  "::": "::1",
};

/** Gives a client command the option that says where the server is; the settings host and port do as well. */
export function withServerUrl(command: Command): Command {
  return command.option(
    "--url <url>",
    "the server's address (default: made of host and port)",
  );
}

/**
 * The address of the server that a client command talks to.
 *
 * @param given As the user wrote it: http(s) or ws(s); `undefined` for the
 * one that the settings name.
 * @returns An http or https URL that ends in a slash.
 * @throws {UsageFailure} When it is no such URL.
 */
export function serverUrl(given: string | undefined, config: Config): URL {
  if (given === undefined) {
    const host = unspecified[config.host] ?? config.host;
    const authority = host.includes(":") ? `[${host}]` : host;
    return new URL(`http://${authority}:${config.port}/`);
  }
  const url = URL.parse(given.replace(/^ws(s?):/i, "http$1:"));
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UsageFailure(
      `${given} is not an address such as http://127.0.0.1:8000`,
    );
  }
  url.search = "";
  url.hash = "";
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}

/** The address of a WebSocket route on a server. */
export function webSocketUrl(server: URL, path: string): URL {
  const url = new URL(path, server);
  url.protocol = server.protocol === "https:" ? "wss:" : "ws:";
  return url;
}
