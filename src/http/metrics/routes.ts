import type { AuthorizationContext } from "../authorization.ts";
import { Hono } from "hono";
import { scrapeWorkers } from "./scrape_workers.ts";
import type { Registry } from "../../metrics/prometheus.ts";
import type { OtherNodes } from "../../cluster/other_nodes.ts";
import { allow } from "../request.ts";

/** The parts of the server used by `/metrics`. */
export interface MetricsRouteContext extends AuthorizationContext {
  readonly metrics: Registry;
  readonly otherWorkers?: OtherNodes;
  /** The number of this process: 1, 2, … */
  readonly worker: number;
}

/**
 * `/metrics`: the metrics of all workers, from any worker, in Prometheus' text
 * format, version 0.0.4 (spec §2).
 */
export function metricsRoute(services: MetricsRouteContext): Hono {
  const { metrics, otherWorkers } = services;
  const app = new Hono();
  app.get("/metrics", allow(["admin"], services), async function scrape(c) {
    const text = otherWorkers
      ? await scrapeWorkers(services, otherWorkers)
      : await metrics.metrics();
    return c.body(text, 200, { "Content-Type": metrics.contentType });
  });
  return app;
}
