import { Hono } from "hono";
import { type Config, describeSettings } from "../../config/config.ts";
import { version } from "../../process/version.ts";
import type { AuthorizationContext } from "../authorization.ts";
import { allow } from "../request.ts";

/** The routes of the built app. */
export interface BuiltRoutes {
  /** The rows of the WebSocket routes table, with handlers or faults. */
  readonly webSockets: readonly object[];
  /** All HTTP paths, with methods. */
  readonly http: readonly object[];
}

/**
 * Serves `GET /api/config`: the configuration in force, with secrets hidden
 * like in `taskwire config`, and the routes of the built app.
 *
 * @param routes Reads the app's routes on every request.
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
