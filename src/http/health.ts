import { Hono } from "hono";
import type { Services } from "../services.ts";
import { problemResponse } from "./problem.ts";

/** `/healthz` and `/readyz`: liveness, and whether new work is welcome (spec §2). */
export function healthRoutes({ registry }: Services): Hono {
  const app = new Hono();
  app.get("/healthz", (c) => c.json({ status: "ok" }));
  app.get("/readyz", (c) =>
    registry.isDraining
      ? problemResponse({
        status: 503,
        code: "draining",
        detail: "The server is shutting down",
      })
      : c.json({ status: "ready" }));
  return app;
}
