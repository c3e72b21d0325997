import { ErrorReply } from "@redis/client";
import { log } from "../log/log.ts";
import type { RedisAddress } from "./address.ts";
import type { RedisClient } from "./client.ts";
import { RedisOpenError } from "./error.ts";

/** Marks a run that loses no acknowledged writes: the next run continues. */
const lossless = "+";

/** `?`: each script finds the run, since nodes of a Cluster differ. */
const anyRun = "?";

/**
 * Checks the kind of Redis, and logs warnings for the operator.
 *
 * @returns The name by which scripts tell runs of Redis apart, marked `+` if no
 * writes are lost between runs. Only a single server without replicas that
 * flushes its append-only file before each reply has all data after a restart.
 * Other servers, and a replica that takes over, may lack the newest
 * acknowledged writes.
 * @throws {RedisOpenError} If Redis is too old.
 * @throws {Error} While Redis loads its data.
 */
export async function checkRedis(
  client: RedisClient,
  { kind }: RedisAddress,
): Promise<string> {
  const info = await client.info();
  // Redis denies its append-only file while it still reads the file.
  if (info.get("loading") === "1") {
    throw new Error("Redis is loading its data");
  }
  const version = info.get("redis_version") ?? "0";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < 6 || (major === 6 && minor < 2)) {
    throw new RedisOpenError(
      `Redis ${version} is too old: version 6.2 or later is needed`,
    );
  }
  const evicts = info.get("maxmemory_policy") ?? "noeviction";
  if (evicts !== "noeviction") {
    log.warn(
      "Redis may evict acknowledged tasks (maxmemory-policy {policy}): set maxmemory-policy to noeviction",
      { policy: evicts },
    );
  }
  const isLogged = info.get("aof_enabled") === "1";
  if (!isLogged) {
    log.warn(
      "Redis has no append-only file: when Redis stops, all writes since its last snapshot are lost (set appendonly yes)",
    );
  }
  const run = info.get("run_id");
  if (kind === "cluster" || run === undefined) return anyRun;
  // With a replica, the next connection may reach the replica.
  const isAlone = kind === "server" && info.get("connected_slaves") === "0" &&
    info.get("second_repl_offset") === "-1";
  return isAlone && isLogged && await flushesAlways(client)
    ? run + lossless
    : run;
}

/** True if acknowledged writes are on the disk; false if Redis does not say. */
async function flushesAlways(client: RedisClient): Promise<boolean> {
  try {
    const answer = await client.send("", ["CONFIG", "GET", "appendfsync"]);
    return Object.values(Object(answer)).includes("always");
  } catch (error) {
    if (!(error instanceof ErrorReply)) throw error;
    log.debug("Redis does not reveal its appendfsync setting: {error}", {
      error,
    });
    return false;
  }
}
