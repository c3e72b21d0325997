import type { AuthorizationContext } from "../authorization.ts";
import { Hono } from "hono";
import type { Registry } from "../../metrics/prometheus.ts";
import type { OtherNodes } from "../../cluster/other_nodes.ts";
import { allow } from "../request.ts";

/** The parts of the server used by `/metrics`. */
export interface MetricsRouteContext extends AuthorizationContext {
  readonly metrics: () => Promise<Registry>;
  readonly otherWorkers?: OtherNodes;
  /** The number of this process: 1, 2, … */
  readonly worker: number;
}

/**
 * `/metrics`: the metrics of all workers, from any worker, in Prometheus' text
 * format, version 0.0.4 (spec §2).
 */
export function metricsRoute(services: MetricsRouteContext): Hono {
  const { otherWorkers, worker } = services;
  const app = new Hono();
  app.get(
    "/metrics",
    allow(["admin"], services),
    async function readMetrics(c) {
      const metrics = await services.metrics();
      const headers = { "Content-Type": metrics.contentType };
      if (!otherWorkers) return c.body(await metrics.metrics(), 200, headers);
      const { scrapeWorkers } = await import("./scrape_workers.ts");
      const text = await scrapeWorkers({ metrics, worker }, otherWorkers);
      return c.body(text, 200, headers);
    },
  );
  return app;
}
