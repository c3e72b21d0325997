import type { Config } from "../config/config.ts";
import { log } from "../log/log.ts";
import type { ConnectionRegistry } from "../connections/registry.ts";
import type { TooManyUnopened } from "./stop.ts";

/** The part of its open files that a process keeps from sockets: for the store, for HTTP, and for descriptors that the runtime does not free. */
const reservedShare = 0.2;
const minReserved = 64;

/**
 * Reads the most files that this process may have open, sockets among them
 * (proc_pid_limits(5)).
 *
 * An import reads the file because every other way to read from `/proc` needs
 * all permissions.
 *
 * @returns `undefined` if the limit is unknown, as anywhere but on Linux.
 */
export async function readOpenFileLimit(): Promise<number | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  // Not a literal, which `deno compile` would embed.
  const path: string = "file:///proc/self/limits";
  try {
    const { default: text } = await import(path, { with: { type: "text" } });
    const [, soft] = /^Max open files +(\d+)/m.exec(text) ?? [];
    return soft === undefined ? undefined : Number(soft); // or "unlimited"
  } catch (error) {
    log.debug("The limit of open files cannot be read: {error}", { error });
    return undefined;
  }
}

/** The part of its open files that a process may lose to sockets that did not open. */
const unopenedShare = 0.1;

/** The bound if the limit of open files is unknown. */
const defaultMaxUnopened = 1_000;

/** Resolves once the number of unopened sockets has reached the bound at which the process should be restarted. */
export async function tooManyUnopened(
  registry: ConnectionRegistry,
): Promise<TooManyUnopened> {
  const limit = await readOpenFileLimit();
  const bound = limit === undefined
    ? defaultMaxUnopened
    : Math.ceil(limit * unopenedShare);
  return { unopened: await registry.unopenedReached(bound) };
}

/**
 * Lowers `maxConnections` to what a process can hold, with a warning. The
 * sockets beyond that are then refused with 503, while health checks and
 * publishers are still served.
 *
 * @param limit The most files that the process may have open.
 */
export function fitOpenFiles(config: Config, limit: number): Config {
  const reserved = Math.max(minReserved, Math.ceil(limit * reservedShare));
  const maxConnections = Math.max(1, limit - reserved);
  if (config.maxConnections <= maxConnections) return config;
  log.warn(
    "A process of this server may open {limit} files, too few for TASKWIRE_MAX_CONNECTIONS={wanted}: it holds {maxConnections} sockets at most. Raise the limit to {needed} (LimitNOFILE={needed} for systemd, --ulimit nofile={needed} for Docker, or ulimit -n {needed}), or lower TASKWIRE_MAX_CONNECTIONS",
    {
      limit,
      maxConnections,
      wanted: config.maxConnections,
      needed: Math.max(
        config.maxConnections + minReserved,
        Math.ceil(config.maxConnections / (1 - reservedShare)),
      ),
    },
  );
  return Object.freeze({ ...config, maxConnections });
}
