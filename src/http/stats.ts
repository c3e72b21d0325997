import { Hono } from "hono";
import type { Services } from "../services.ts";
import { addReports, reportStats } from "../stats_report.ts";
import { allow, readWhole } from "./request.ts";

/** A second since 1970. */
const second = { min: 0, max: Number.MAX_SAFE_INTEGER, fallback: 0 };

/**
 * `GET /api/stats`: how much the process does, with its other workers, in all
 * and in each second of the last 10 minutes. `?since=` (seconds since 1970)
 * leaves out those before.
 */
export function statsRoutes(services: Services): Hono {
  const app = new Hono();
  app.get("/", allow(["admin"], services), async function readStats(c) {
    const since = readWhole(c, "since", second);
    const others = await services.siblings.reportStats(since);
    const { startedAtMs, connections, totals, seconds } = others.reduce(
      addReports,
      reportStats(services, since),
    );
    const { p50Ms, p99Ms, ...history } = seconds;
    return c.json({
      now: new Date().toISOString(),
      started_at: new Date(startedAtMs).toISOString(),
      connections,
      totals,
      seconds: { ...history, p50_ms: p50Ms, p99_ms: p99Ms },
    });
  });
  return app;
}
