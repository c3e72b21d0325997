import type { Config } from "../config/config.ts";
import { log } from "../log/log.ts";
import type { ConnectionRegistry } from "../connections/registry.ts";
import type { TooManyUnopened } from "./stop.ts";

/** The share of open files reserved for the store, for HTTP, and for descriptors leaked by the runtime. */
const reservedShare = 0.2;
const minReserved = 64;

/**
 * Reads this process's limit of open files, which includes sockets
 * (proc_pid_limits(5)).
 *
 * The file is imported, because any other read from `/proc` needs all
 * permissions.
 *
 * @returns `undefined` if the limit is unknown, as on every system but Linux.
 */
export async function readOpenFileLimit(): Promise<number | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  // A variable, because `deno compile` would embed a literal path.
  const path: string = "file:///proc/self/limits";
  try {
    const { default: text } = await import(path, { with: { type: "text" } });
    const [, soft] = /^Max open files +(\d+)/m.exec(text) ?? [];
    return soft === undefined ? undefined : Number(soft); // or "unlimited"
  } catch (error) {
    log.debug("Cannot read the limit of open files: {error}", { error });
    return undefined;
  }
}

/** The share of open files that a process may lose to unopened sockets. */
const unopenedShare = 0.1;

/** The largest number of unopened sockets if the limit of open files is unknown. */
const defaultMaxUnopened = 1_000;

/** Resolves once so many sockets failed to open that the process should be restarted. */
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
 * Lowers `maxConnections` to fit the limit of open files, with a warning.
 * Further sockets are then refused with 503, while health checks and publishers
 * are still served.
 *
 * @param limit The process's limit of open files.
 */
export function fitOpenFiles(config: Config, limit: number): Config {
  const reserved = Math.max(minReserved, Math.ceil(limit * reservedShare));
  const maxConnections = Math.max(1, limit - reserved);
  if (config.maxConnections <= maxConnections) return config;
  log.warn(
    "The limit of {limit} open files is too low for TASKWIRE_MAX_CONNECTIONS={wanted}: each process of this server accepts {maxConnections} sockets at most. Raise the limit to {needed} (LimitNOFILE={needed} for systemd, --ulimit nofile={needed} for Docker, or ulimit -n {needed}), or lower TASKWIRE_MAX_CONNECTIONS",
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
