import {
  type Answer,
  noOtherNodes,
  type OtherNodes,
  type Question,
} from "./cluster/other_nodes.ts";
import type { RedisNodes } from "./cluster/redis_nodes.ts";
import type { Config } from "./config/config.ts";
import { type LeasedStore, LeaseKeeper } from "./store/lease.ts";
import { createMemoryStore } from "./store/memory/memory_store.ts";
import { parseRedisUrl, type RedisAddress } from "./redis/address.ts";
import { openSqliteStore } from "./store/sqlite/sqlite_store.ts";
import type { Announce, Retention } from "./tasks/store.ts";

/** A store, possibly shared with other processes. */
export interface OpenedStore extends LeasedStore {
  /**
   * Connects to the other processes of the store. The processes learn about
   * this process when the leases start.
   *
   * @param answer Answers questions of the processes.
   */
  joinNodes(answer: (question: Question) => Promise<Answer>): OtherNodes;
}

/**
 * Opens the store named by `TASKWIRE_STORE`. A Redis store connects when the
 * leases start.
 *
 * @param announce Called for every stored change.
 * @throws {StoreOpenError} If the store's file can't be used.
 */
export async function openStore(
  config: Config,
  announce: Announce,
): Promise<OpenedStore> {
  const retention = {
    historyLimit: config.historyLimit,
    historyTtlMs: config.historyTtlSeconds * 1_000,
  };
  const address = parseRedisUrl(config.store);
  if (address) {
    return await openRedis(address, config.redisPrefix, retention, announce);
  }
  const leases = new LeaseKeeper();
  const joinNodes = () => noOtherNodes;
  const note: Announce = (announcement) => {
    leases.note(announcement);
    return announce(announcement);
  };
  if (config.store === "memory:") {
    return { store: createMemoryStore(retention, note), leases, joinNodes };
  }
  const path = config.store.slice("sqlite:".length);
  const store = await openSqliteStore(path, config.sqliteSync, retention, note);
  return { store, leases, joinNodes };
}

/**
 * Loaded on demand: the Redis client takes a while to load, and most servers do
 * not use Redis.
 */
async function openRedis(
  address: RedisAddress,
  prefix: string,
  retention: Retention,
  announce: Announce,
): Promise<OpenedStore> {
  const { RedisStore } = await import("./store/redis/redis_store.ts");
  const { joinRedis } = await import("./cluster/join_redis.ts");
  const store = new RedisStore(address, prefix, retention, announce);
  let otherNodes: RedisNodes | undefined;
  return {
    store,
    leases: {
      async start() {
        await otherNodes?.start();
        await store.link.start();
      },
      stop: () => otherNodes?.stop(),
    },
    joinNodes: (answer) => otherNodes = joinRedis(store, prefix, answer),
  };
}
