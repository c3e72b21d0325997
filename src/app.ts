import { Hono } from "hono";
import { allowedMethods } from "./http/allowed_methods.ts";
import { clientFileRoutes } from "./http/client_files.ts";
import { backupRoutes } from "./http/api/backup.ts";
import { connectionRoutes } from "./http/api/connections.ts";
import { consoleRoutes } from "./http/console.ts";
import { docsRoutes } from "./docs/routes.ts";
import { bulkRoutes } from "./http/api/bulk.ts";
import { healthRoutes } from "./http/health.ts";
import { metricsRoute } from "./http/metrics/routes.ts";
import { pageRoutes } from "./http/page.ts";
import { asProblem, problemResponse } from "./protocol/problem.ts";
import { requestIdOf } from "./http/request_id.ts";
import { configRoutes } from "./http/api/config.ts";
import { sseRoutes } from "./sse/routes.ts";
import { throughputRoutes } from "./http/api/throughput.ts";
import { taskRoutes } from "./http/api/tasks.ts";
import { auditRoutes, listHttpRoutes } from "./route_audit.ts";
import { register, type WebSocketRoute, webSocketRoutes } from "./routes.ts";
import type { Services } from "./services.ts";

/**
 * Creates the app with the registered routes table and the HTTP routes. No
 * middleware is mounted on the sockets' paths (see `sockets/upgrade.ts`).
 *
 * @param table A different table is passed only by tests.
 */
export function createApp(
  services: Services,
  table: readonly WebSocketRoute[] = webSocketRoutes,
): Hono {
  const app = new Hono();
  register(app, table, services);
  app.route("/", healthRoutes(services));
  app.route("/", metricsRoute(services));
  app.route("/", pageRoutes());
  app.route("/", sseRoutes(services));
  app.route("/api/connections", connectionRoutes(services));
  app.route("/", clientFileRoutes());
  app.route("/", docsRoutes());
  app.route("/api/tasks", taskRoutes(services));
  app.route("/api/events", bulkRoutes(services));
  app.route("/", consoleRoutes());
  app.route("/api/backup", backupRoutes(services));
  app.route("/api/stats", throughputRoutes(services));
  app.route(
    "/api/config",
    configRoutes(services, () => ({
      webSockets: auditRoutes(app, table),
      http: listHttpRoutes(app, table),
    })),
  );

  app.notFound((c) => {
    const { method, path } = c.req;
    // An empty id is invalid, and no route parameter matches an empty text.
    const lacksId = table.some(({ path: route }) =>
      route.replace(/\{.*/, "") === path
    );
    if (lacksId) {
      return problemResponse({
        status: 400,
        code: "bad_connection_id",
        detail: "The connection_id is empty: add it to the path",
      });
    }
    const allowed = allowedMethods(app, path);
    const headers = { Allow: allowed.join(", ") };
    if (allowed.length > 0 && method === "OPTIONS") {
      return c.body(null, 204, headers);
    }
    return problemResponse(
      allowed.length === 0 || allowed.includes(method)
        ? {
          status: 404,
          code: "not_found",
          detail: `No route for ${method} ${path}: see /docs for all routes`,
        }
        : {
          status: 405,
          code: "method_not_allowed",
          detail: `${path} does not support ${method}, only ${headers.Allow}`,
          headers,
        },
    );
  });
  app.onError((error, c) => {
    const requestId = requestIdOf(c.req.header("x-request-id"));
    const request = `${c.req.method} ${c.req.path}`;
    const response = problemResponse(asProblem(error, request, requestId));
    response.headers.set("X-Request-Id", requestId);
    return response;
  });
  return app;
}
