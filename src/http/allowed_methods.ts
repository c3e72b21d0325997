import type { Hono } from "hono";
import { METHOD_NAME_ALL } from "hono/router";

/**
 * Lists the methods of an app's routes for a path, in the form of the `Allow`
 * header (RFC 9110 §10.2.1). Middleware, declared for all methods, is left out.
 *
 * @returns An empty list if the app has no route for the path.
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
  // An event stream does not answer HEAD.
  const hasHead = allowed.includes("GET") && !path.startsWith("/sse/");
  return [...allowed, ...(hasHead ? ["HEAD"] : []), "OPTIONS"];
}
