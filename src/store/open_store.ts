import type { Config } from "../config.ts";
import { createMemoryStore } from "./memory_store.ts";
import { createSqliteStore } from "./sqlite_store.ts";
import type { Announce, Store } from "./store.ts";

/**
 * Opens the store that `TASKWIRE_STORE` names.
 *
 * @param announce Called for each stored change.
 * @throws {StoreOpenError} When its file can't be used.
 */
export function openStore(config: Config, announce: Announce): Store {
  const retention = {
    historyLimit: config.historyLimit,
    historyTtlMs: config.historyTtlSeconds * 1_000,
  };
  if (config.store === "memory:") return createMemoryStore(retention, announce);
  const path = config.store.slice("sqlite:".length);
  return createSqliteStore(path, config.sqliteSync, retention, announce);
}
