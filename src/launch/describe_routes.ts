import type { Hono } from "hono";
import { createApp } from "../app.ts";
import { loadConfig } from "../config/config.ts";
import { createServices } from "../create_services.ts";
import { auditRoutes } from "../route_audit.ts";
import { type WebSocketRoute, webSocketRoutes } from "../routes.ts";

/** A headline and a line per route. */
export interface RoutesReport {
  readonly lines: readonly string[];
  readonly isSound: boolean;
}

/** Compares the app of a server with the routes table. */
export async function describeOwnRoutes(): Promise<RoutesReport> {
  // In memory, because the routes do not depend on the store.
  const config = loadConfig({ flags: { store: "memory:" } });
  const services = await createServices(config);
  return describeRoutes(createApp(services), webSocketRoutes);
}

/** Compares an app with the routes table. */
export function describeRoutes(
  app: Hono,
  table: readonly WebSocketRoute[],
): RoutesReport {
  const routes = auditRoutes(app, table);
  const sound = routes.filter(({ fault }) => fault === undefined);
  const isSound = sound.length === routes.length;
  const headline = isSound
    ? `✅ WebSocket routes: ${routes.length}`
    : `❌ WebSocket routes: ${sound.length} of ${routes.length}`;
  const lines = routes.map(({ path, handler, fault }) =>
    fault === undefined ? `✅ ${path} -> ${handler}` : `❌ ${path} -> ${fault}`
  );
  return { lines: [headline, ...lines], isSound };
}
