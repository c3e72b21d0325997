import type { Hono } from "hono";
import { METHOD_NAME_ALL } from "hono/router";

/**
 * Asks an app for the methods that a path can be requested with, as `Allow`
 * lists them (RFC 9110 §10.2.1). Middleware, which stands for all methods,
 * answers no request by itself.
 *
 * @returns None for a path with nothing at it.
 */
export function allowedMethods(app: Hono, path: string): readonly string[] {
  const methods = new Set(
    app.routes.map(({ method }) => method)
      .filter((method) => method !== METHOD_NAME_ALL),
  );
  const allowed = [...methods].filter((method) => {
    const [handlers] = app.router.match(method, path);
    return handlers.some(([[, route]]) => route.method === method);
  });
  if (allowed.length === 0) return [];
  // A stream has no head of its own.
  const hasHead = allowed.includes("GET") && !path.startsWith("/sse/");
  return [...allowed, ...(hasHead ? ["HEAD"] : []), "OPTIONS"];
}
