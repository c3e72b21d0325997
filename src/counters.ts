/** What the process has done since its start, for metrics. */
export interface Counters {
  /** Events that watchers did not get because a newer one stood for them. */
  mergedEvents: number;
  /** Connections closed because they were too slow (4408). */
  evictedConnections: number;
  /** Reads of the key set (TASKWIRE_JWKS_URL) that failed. */
  keySetFailures: number;
}

/** All at zero. */
export function createCounters(): Counters {
  return { mergedEvents: 0, evictedConnections: 0, keySetFailures: 0 };
}
