import { Hono } from "hono";
import type { Services } from "../services.ts";
import { allow, readWhole } from "./request.ts";

/** A second since 1970. */
const second = { min: 0, max: Number.MAX_SAFE_INTEGER, fallback: 0 };

/**
 * `GET /api/stats`: how much the process does, in all and in each second of
 * the last 10 minutes. `?since=` (seconds since 1970) leaves out those before.
 */
export function statsRoutes(services: Services): Hono {
  const { registry, stats } = services;
  const app = new Hono();
  app.get("/", allow(["admin"], services), function readStats(c) {
    const { p50Ms, p99Ms, ...history } = stats.history(
      readWhole(c, "since", second),
    );
    return c.json({
      now: new Date().toISOString(),
      started_at: stats.startedAt.toISOString(),
      connections: registry.openCount,
      totals: stats.totals,
      seconds: { ...history, p50_ms: p50Ms, p99_ms: p99Ms },
    });
  });
  return app;
}
