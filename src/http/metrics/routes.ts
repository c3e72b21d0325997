import { Hono } from "hono";
import { scrapeWorkers } from "./scrape_workers.ts";
import type { Services } from "../../services.ts";
import { allow } from "../request.ts";

/**
 * `/metrics`: what the server has done and does, in Prometheus' text format,
 * version 0.0.4 (spec §2); of all its workers, whichever is asked.
 */
export function metricsRoute(services: Services): Hono {
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
