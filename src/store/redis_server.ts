import { ErrorReply } from "@redis/client";
import { log } from "../log.ts";
import type { RedisAddress } from "./redis_address.ts";
import type { RedisClient } from "./redis_client.ts";
import { StoreOpenError } from "./store.ts";

/** Stands for all runs of a Redis that has written down whatever it has acknowledged. */
const oneRun = "lossless";

/** `?`: each script finds out, as the nodes of a Cluster have runs of their own. */
const anyRun = "?";

/**
 * Looks what kind of Redis this is, and says in the log what an operator should
 * know.
 *
 * @returns By which scripts tell one run of it from another. One server without
 * replicas that flushes its append-only file before it answers has its data
 * after a restart; any other, and a replica that takes over, may lack the end
 * of what was acknowledged.
 * @throws {StoreOpenError} When it is too old.
 */
export async function checkRedis(
  client: RedisClient,
  { kind }: RedisAddress,
): Promise<string> {
  const info = await client.info();
  if (info.size === 0) return anyRun;
  const version = info.get("redis_version") ?? "0";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < 6 || (major === 6 && minor < 2)) {
    throw new StoreOpenError(`Redis ${version} is too old: 6.2 is needed`);
  }
  const evicts = info.get("maxmemory_policy") ?? "noeviction";
  if (evicts !== "noeviction") {
    log.warn(
      "Redis may evict tasks that it has acknowledged (maxmemory-policy {policy}): set it to noeviction",
      { policy: evicts },
    );
  }
  const isLogged = info.get("aof_enabled") === "1";
  if (!isLogged) {
    log.warn(
      "Redis has no append-only file: what it has acknowledged since its last snapshot is lost when it stops (set appendonly yes)",
    );
  }
  const isLossless = kind === "server" && isLogged && isAlone(info) &&
    await flushesAlways(client);
  return isLossless ? oneRun : info.get("run_id") ?? anyRun;
}

/**
 * Whether it has no replica and never was one: else what answers at its address
 * next may be another server, which lacks the end.
 */
function isAlone(info: ReadonlyMap<string, string>): boolean {
  return info.get("role") === "master" &&
    info.get("connected_slaves") === "0" &&
    /^0*$/.test(info.get("master_replid2") ?? "");
}

/** Whether what is acknowledged is on the disk; not where Redis won't say. */
async function flushesAlways(client: RedisClient): Promise<boolean> {
  try {
    const answer = await client.send("", ["CONFIG", "GET", "appendfsync"]);
    return Object.values(Object(answer)).includes("always");
  } catch (error) {
    if (!(error instanceof ErrorReply)) throw error;
    log.debug("Redis does not say when it flushes its file: {error}", {
      error,
    });
    return false;
  }
}
