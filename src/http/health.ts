import { Hono } from "hono";
import type { ConnectionRegistry } from "../connections/registry.ts";
import type { Store } from "../tasks/store.ts";
import { ProblemError } from "../protocol/problem.ts";

/** The parts of the server that decide readiness. */
export interface HealthContext {
  readonly registry: ConnectionRegistry;
  readonly store: Store;
}

/** Serves `/healthz` (liveness) and `/readyz` (readiness) (spec §2). */
export function healthRoutes({ registry, store }: HealthContext): Hono {
  const app = new Hono();
  app.get("/healthz", (c) => c.json({ status: "ok" }));
  app.get("/readyz", async (c) => {
    if (registry.isDraining) {
      throw new ProblemError({
        status: 503,
        code: "draining",
        detail: "The server is shutting down: send requests to another server",
      });
    }
    await store.read("readiness"); // rejects if the store is down
    return c.json({ status: "ready" });
  });
  return app;
}
