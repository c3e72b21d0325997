import { assertEquals } from "@std/assert";
import { ConnectionRegistry } from "../src/sockets/registry.ts";
import { Stats } from "../src/stats.ts";
import {
  addReports,
  reportStats,
  type StatsReport,
} from "../src/stats_report.ts";

function reportOf(
  from: number,
  published: number[],
  p99Ms: (number | null)[],
): StatsReport {
  return {
    startedAtMs: from * 1_000,
    connections: 3,
    totals: { published: 10, delivered: 20 },
    seconds: {
      from,
      published,
      delivered: published.map((count) => 2 * count),
      connections: published.map(() => 3),
      p50Ms: p99Ms,
      p99Ms,
    },
  };
}

Deno.test("addReports() sums the seconds that both have closed", () => {
  const one = reportOf(100, [1, 2, 3, 4], [null, 5, 9, 1]);
  const two = reportOf(102, [10], [7]);
  const sum = {
    startedAtMs: 100_000,
    connections: 6,
    totals: { published: 20, delivered: 40 },
    seconds: {
      from: 100,
      published: [1, 2, 13],
      delivered: [2, 4, 26],
      connections: [3, 3, 6],
      p50Ms: [null, 5, 9],
      p99Ms: [null, 5, 9],
    },
  };
  assertEquals(addReports(one, two), sum);
  assertEquals(addReports(two, one), sum);
});

Deno.test("addReports() has no seconds where one has closed none yet", () => {
  const { seconds } = addReports(
    reportOf(100, [], []),
    reportOf(100, [1], [1]),
  );
  assertEquals([seconds.from, seconds.published], [100, []]);
});

Deno.test("reportStats() tells what this process does", () => {
  const startedAtMs = Date.now();
  const stats = new Stats(() => 0, startedAtMs);
  stats.publish(1, 2, startedAtMs);
  const registry = new ConnectionRegistry();
  const { seconds: _, ...report } = reportStats({ stats, registry }, 0);
  assertEquals(report, {
    startedAtMs,
    connections: 0,
    totals: { published: 1, delivered: 2 },
  });
});
