import type { StatsReport } from "./stats_report.ts";

/**
 * The other workers of the same server, of what whoever asks one of them wants
 * to know of all. Those that don't answer in 1 s are left out.
 */
export interface Siblings {
  /** Their metrics, in Prometheus' text format. */
  scrape(): Promise<readonly string[]>;
  /**
   * How much each of them does.
   *
   * @param since The first second that is asked for, in seconds since 1970.
   */
  reportStats(since: number): Promise<readonly StatsReport[]>;
}

/** One process is all there is. */
export const noSiblings: Siblings = {
  scrape: () => Promise.resolve([]),
  reportStats: () => Promise.resolve([]),
};
