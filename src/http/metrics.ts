import { Hono } from "hono";
import { addConnectionMetrics } from "../metrics/connection_metrics.ts";
import { addProcessMetrics } from "../metrics/process_metrics.ts";
import { Registry } from "../metrics/prometheus.ts";
import { addTaskMetrics } from "../metrics/task_metrics.ts";
import type { Services } from "../services.ts";
import { allow } from "./request.ts";

/** `/metrics`: what the process has done and does, in Prometheus' text format, version 0.0.4 (spec §2). */
export function metricsRoute(services: Services): Hono {
  const registry = new Registry();
  addConnectionMetrics(registry, services);
  addTaskMetrics(registry, services);
  addProcessMetrics(registry, services);
  const app = new Hono();
  app.get("/metrics", allow(["admin"], services), async function scrape(c) {
    const text = await registry.metrics();
    return c.body(text, 200, { "Content-Type": registry.contentType });
  });
  return app;
}
