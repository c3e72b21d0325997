import { Hono } from "hono";
import { METHOD_NAME_ALL } from "hono/router";
import { describeSettings } from "../../config/config.ts";
import { auditRoutes } from "../../route_audit.ts";
import { toHonoPath, type WebSocketRoute } from "../../routes.ts";
import type { Services } from "../../services.ts";
import { version } from "../../process/version.ts";
import { allow } from "../request.ts";

/**
 * `GET /api/config`: the configuration in force, secrets hidden as `taskwire
 * config` hides them, and the routes of the app as built.
 *
 * @param app The app that the routes are asked of, when a request comes.
 * @param table The WebSocket routes that it should have.
 */
export function configRoutes(
  services: Services,
  app: Hono,
  table: readonly WebSocketRoute[],
): Hono {
  return new Hono().get(
    "/",
    allow(["admin"], services),
    function readSetup(c) {
      return c.json({
        version,
        settings: describeSettings(services.config),
        websocket_routes: auditRoutes(app, table),
        http_routes: httpRoutesOf(app, table),
      });
    },
  );
}

/** The methods of each path that is no socket's; what stands for all methods is middleware. */
function httpRoutesOf(app: Hono, table: readonly WebSocketRoute[]) {
  const sockets = new Set(table.map(({ path }) => toHonoPath(path)));
  const methods = new Map<string, Set<string>>();
  for (const { path, method } of app.routes) {
    if (method === METHOD_NAME_ALL || sockets.has(path)) continue;
    const known = methods.get(path) ?? new Set();
    methods.set(path, known.add(method));
  }
  return [...methods].map(([path, known]) => ({
    path: path.replace(/:(\w+)(?:\{.+?\})?/g, "{$1}"),
    methods: [...known],
  }));
}
