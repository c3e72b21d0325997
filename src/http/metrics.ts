import { Hono } from "hono";
import { createMetrics } from "../metrics/create_metrics.ts";
import { mergeMetrics } from "../metrics/merge_metrics.ts";
import type { Services } from "../services.ts";
import { allow } from "./request.ts";

/**
 * `/metrics`: what the server has done and does, in Prometheus' text format,
 * version 0.0.4 (spec §2). Of several workers, the one that is asked answers for
 * all: else what comes would be another's with each scrape.
 */
export function metricsRoute(services: Services): Hono {
  const registry = createMetrics(services);
  const app = new Hono();
  app.get("/metrics", allow(["admin"], services), async function scrape(c) {
    const [own, others] = await Promise.all([
      registry.metrics(),
      services.siblings.scrape(),
    ]);
    const text = others.length > 0 ? mergeMetrics([own, ...others]) : own;
    return c.body(text, 200, { "Content-Type": registry.contentType });
  });
  return app;
}
