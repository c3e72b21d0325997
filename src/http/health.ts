import { Hono } from "hono";
import type { Services } from "../services.ts";
import { ProblemError } from "./problem.ts";

/** `/healthz` and `/readyz`: liveness, and whether new work is welcome (spec §2). */
export function healthRoutes({ registry, store }: Services): Hono {
  const app = new Hono();
  app.get("/healthz", (c) => c.json({ status: "ok" }));
  app.get("/readyz", async (c) => {
    if (registry.isDraining) {
      throw new ProblemError({
        status: 503,
        code: "draining",
        detail: "The server is shutting down",
      });
    }
    await store.read("readiness"); // rejects where the store is down
    return c.json({ status: "ready" });
  });
  return app;
}
