import type { Hono } from "hono";
import { METHOD_NAME_ALL } from "hono/router";
import { toHonoPath, type WebSocketRoute } from "./routes.ts";

/** The state of one row of the routes table in an app. */
export interface AuditedRoute {
  readonly path: string;
  /** The name of the handler in the app; absent if the route is missing. */
  readonly handler?: string;
  readonly fault?: "missing" | "declared twice" | "shadowed by another route";
}

/**
 * Compares the routes table with the built app: asks the app's router for the
 * first handler of each path.
 */
export function auditRoutes(
  app: Hono,
  table: readonly WebSocketRoute[],
): readonly AuditedRoute[] {
  return table.map(({ path }) => {
    const honoPath = toHonoPath(path);
    const declared = app.routes.filter((route) =>
      route.path === honoPath &&
      (route.method === "GET" || route.method === METHOD_NAME_ALL)
    );
    const [own] = declared;
    if (own === undefined) return { path, fault: "missing" };
    const handler = own.handler.name;
    if (declared.length > 1) return { path, handler, fault: "declared twice" };
    const [[first]] = app.router.match("GET", samplePath(path));
    return first?.[0][0] === own.handler
      ? { path, handler }
      : { path, handler, fault: "shadowed by another route" };
  });
}

/** Returns a sample request path for a route. */
function samplePath(path: string): string {
  return path.replace(/\{\w+:path\}/g, "a/b").replace(/\{\w+\}/g, "a");
}

/**
 * Lists the HTTP paths of an app with their methods. Middleware, declared for
 * all methods, is left out.
 */
export function listHttpRoutes(
  app: Hono,
  table: readonly WebSocketRoute[],
): readonly { readonly path: string; readonly methods: readonly string[] }[] {
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
