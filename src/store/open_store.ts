import type { Config } from "../config.ts";
import { LeaseKeeper, type Leases } from "../tasks/lease.ts";
import { createMemoryStore } from "./memory_store.ts";
import { parseRedisUrl } from "./redis_address.ts";
import { createSqliteStore } from "./sqlite_store.ts";
import type { Announce, Store } from "./store.ts";

/** A store, and what watches its leases. */
export interface OpenedStore {
  readonly store: Store;
  readonly leases: Leases;
}

/**
 * Opens the store that `TASKWIRE_STORE` names. One in Redis connects when its
 * leases are started.
 *
 * @param announce Called for each stored change.
 * @throws {StoreOpenError} When its file can't be used.
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
    // Its client takes a while to load, and most do without.
    const { RedisStore } = await import("./redis_store.ts");
    const store = new RedisStore(
      address,
      config.redisPrefix,
      retention,
      announce,
    );
    return {
      store,
      leases: { start: () => store.link.start(), stop() {} },
    };
  }
  const leases = new LeaseKeeper();
  const note: Announce = (announcement) => {
    leases.note(announcement);
    return announce(announcement);
  };
  if (config.store === "memory:") {
    return { store: createMemoryStore(retention, note), leases };
  }
  const path = config.store.slice("sqlite:".length);
  const store = createSqliteStore(path, config.sqliteSync, retention, note);
  return { store, leases };
}
