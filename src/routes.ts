import type { Hono } from "hono";
import type { Services } from "./services.ts";
import type { Endpoint } from "./connections/endpoint.ts";
import { realtimeEndpoint } from "./realtime/endpoint.ts";
import { simpleEndpoint } from "./sockets/simple_endpoint.ts";
import { echoEndpoint } from "./sockets/echo_endpoint.ts";
import { webSocketHandler } from "./sockets/upgrade.ts";

/** One row of the routes table. */
export interface WebSocketRoute {
  readonly name: string;
  /** `{x}` is one path segment, `{x:path}` may hold slashes (spec §1). */
  readonly path: string;
  readonly endpoint: Endpoint<Services>;
}

/** Every WebSocket route of the server (spec §1). None is declared anywhere else. */
export const webSocketRoutes: readonly WebSocketRoute[] = [
  {
    name: "realtime_websocket",
    path: "/ws/realtime/{connection_id:path}",
    endpoint: realtimeEndpoint,
  },
  {
    name: "simple_websocket",
    path: "/ws/ws/simple/{connection_id}",
    endpoint: simpleEndpoint,
  },
  {
    name: "test_websocket",
    path: "/ws/test/{connection_id}",
    endpoint: echoEndpoint,
  },
];

/** Puts the table's routes on an app: the one place where paths and endpoints meet. */
export function register(
  app: Hono,
  table: readonly WebSocketRoute[],
  services: Services,
): void {
  for (const { name, path, endpoint } of table) {
    app.get(toHonoPath(path), webSocketHandler(name, endpoint, services));
  }
}

/** `{x:path}` and `{x}` in Hono's notation; `.` would not match a line's end. */
export function toHonoPath(path: string): string {
  return path.replace(/\{(\w+):path\}/g, ":$1{[^]+}").replace(
    /\{(\w+)\}/g,
    ":$1",
  );
}
