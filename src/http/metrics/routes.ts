import type { AuthorizationContext } from "../authorization.ts";
import { Hono } from "hono";
import { scrapeWorkers } from "./scrape_workers.ts";
import type { Registry } from "../../metrics/prometheus.ts";
import type { Peers } from "../../cluster/peers.ts";
import { allow } from "../request.ts";

/** The parts of the server that are scraped. */
export interface MetricsRouteContext extends AuthorizationContext {
  readonly metrics: Registry;
  readonly siblings?: Peers;
  /** The number of this process: 1, 2, … */
  readonly worker: number;
}

/**
 * `/metrics`: what the server has done and does, in Prometheus' text format,
 * version 0.0.4 (spec §2); of all its workers, whichever is asked.
 */
export function metricsRoute(services: MetricsRouteContext): Hono {
  const { metrics, siblings } = services;
  const app = new Hono();
  app.get("/metrics", allow(["admin"], services), async function scrape(c) {
    const text = siblings
      ? await scrapeWorkers(services, siblings)
      : await metrics.metrics();
    return c.body(text, 200, { "Content-Type": metrics.contentType });
  });
  return app;
}
