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
  /** `{x}` is one path segment; `{x:path}` may contain slashes (spec §1). */
  readonly path: string;
  readonly endpoint: Endpoint<Services>;
}

/** All WebSocket routes of the server (spec §1), declared only here. */
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

/** Registers the routes in an app: paths and endpoints meet only here. */
export function register(
  app: Hono,
  table: readonly WebSocketRoute[],
  services: Services,
): void {
  for (const { name, path, endpoint } of table) {
    app.get(toHonoPath(path), webSocketHandler(name, endpoint, services));
  }
}

/** Translates `{x:path}` and `{x}` for Hono; `.` excludes line ends. */
export function toHonoPath(path: string): string {
  return path.replace(/\{(\w+):path\}/g, ":$1{[^]+}").replace(
    /\{(\w+)\}/g,
    ":$1",
  );
}
