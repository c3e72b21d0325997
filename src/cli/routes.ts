import { Command } from "commander";
import type { Hono } from "hono";
import { createApp } from "../app.ts";
import { loadConfig } from "../config/config.ts";
import { auditRoutes } from "../route_audit.ts";
import { type WebSocketRoute, webSocketRoutes } from "../routes.ts";
import { createServices } from "../create_services.ts";
import type { CliCommand } from "./command.ts";
import { printLine } from "../terminal/output.ts";

/** `taskwire routes`: compares the app with the routes table. */
export function routesCommand(): CliCommand {
  return {
    command: new Command("routes").description(
      "print and verify the WebSocket routes",
    ),
    async action() {
      // In memory, because the routes do not depend on the store.
      const config = loadConfig({ flags: { store: "memory:" } });
      const services = await createServices(config);
      const report = describeRoutes(createApp(services), webSocketRoutes);
      for (const line of report.lines) printLine(line);
      return report.isSound ? 0 : 1;
    },
  };
}

/** Compares an app with the routes table: a headline and a line per route. */
export function describeRoutes(
  app: Hono,
  table: readonly WebSocketRoute[],
): { readonly lines: readonly string[]; readonly isSound: boolean } {
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
