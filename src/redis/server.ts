import { ErrorReply } from "@redis/client";
import { log } from "../log/log.ts";
import type { RedisAddress } from "./address.ts";
import type { RedisClient } from "./client.ts";
import { StoreOpenError } from "../tasks/store.ts";

/** Marks a run of which nothing acknowledged is lost: the next one goes on with it. */
const lossless = "+";

/** `?`: each script finds out, as the nodes of a Cluster have runs of their own. */
const anyRun = "?";

/**
 * Looks what kind of Redis this is, and says in the log what an operator should
 * know.
 *
 * @returns By which scripts tell one run of it from another, marked `+` where
 * nothing is lost between them: one server without replicas that flushes its
 * append-only file before it answers has its data after a restart; any other,
 * and a replica that takes over, may lack the end of what was acknowledged.
 * @throws {StoreOpenError} When it is too old.
 */
export async function checkRedis(
  client: RedisClient,
  { kind }: RedisAddress,
): Promise<string> {
  const info = await client.info();
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
  const run = info.get("run_id");
  if (kind === "cluster" || run === undefined) return anyRun;
  // Where there is a replica, it may be the one that is here next time.
  const isAlone = kind === "server" && info.get("connected_slaves") === "0" &&
    info.get("second_repl_offset") === "-1";
  return isAlone && isLogged && await flushesAlways(client)
    ? run + lossless
    : run;
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
