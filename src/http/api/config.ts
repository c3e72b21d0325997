import { Hono } from "hono";
import { type Config, describeSettings } from "../../config/config.ts";
import { version } from "../../process/version.ts";
import type { AuthorizationContext } from "../authorization.ts";
import { allow } from "../request.ts";

/** The routes of an app as built. */
export interface BuiltRoutes {
  /** Each row of the WebSocket routes table, with its handler or its fault. */
  readonly webSockets: readonly object[];
  /** The other paths, with their methods. */
  readonly http: readonly object[];
}

/**
 * `GET /api/config`: the configuration in force, secrets hidden as `taskwire
 * config` hides them, and the routes of the app as built.
 *
 * @param routes Reads the app's routes at each request.
 */
export function configRoutes(
  services: AuthorizationContext & { readonly config: Config },
  routes: () => BuiltRoutes,
): Hono {
  return new Hono().get(
    "/",
    allow(["admin"], services),
    function readConfig(c) {
      const { webSockets, http } = routes();
      return c.json({
        version,
        settings: describeSettings(services.config),
        websocket_routes: webSockets,
        http_routes: http,
      });
    },
  );
}
