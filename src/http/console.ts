import { Hono } from "hono";
import { staticFile } from "./static_files.ts";

/** The folder of the console's files, which go into the binary. */
const folder = new URL("../console/", import.meta.url);

/** The page itself, at `/console`; the rest is below. */
const page = "index.html";

/** The console's files, and what they are. */
const contentTypes = {
  [page]: "text/html; charset=UTF-8",
  "console.css": "text/css; charset=UTF-8",
  "console.js": "text/javascript; charset=UTF-8",
  "api.js": "text/javascript; charset=UTF-8",
  "charts.js": "text/javascript; charset=UTF-8",
  "connections.js": "text/javascript; charset=UTF-8",
  "details.js": "text/javascript; charset=UTF-8",
  "dom.js": "text/javascript; charset=UTF-8",
  "format.js": "text/javascript; charset=UTF-8",
  "locale.js": "text/javascript; charset=UTF-8",
  "pager.js": "text/javascript; charset=UTF-8",
  "setup.js": "text/javascript; charset=UTF-8",
  "task_feed.js": "text/javascript; charset=UTF-8",
  "task_words.js": "text/javascript; charset=UTF-8",
  "tasks.js": "text/javascript; charset=UTF-8",
  "throughput.js": "text/javascript; charset=UTF-8",
  "vendor/LICENSE": "text/plain; charset=UTF-8",
  "vendor/uPlot.esm.js": "text/javascript; charset=UTF-8",
  "vendor/uPlot.min.css": "text/css; charset=UTF-8",
} as const;

/**
 * Runs and styles the console by its own files alone, and lets it talk to this
 * server only (CSP Level 3).
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/**
 * `/console`: the operators' page. Its files are the same for everyone, and
 * ask for no key; what they show comes from the API, which does.
 */
export function consoleRoutes(): Hono {
  const headers = {
    "Content-Security-Policy": policy,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
  };
  const answers = new Map(
    Object.entries(contentTypes).map(([name, contentType]) => [
      name,
      staticFile(new URL(name, folder), contentType, () => headers),
    ]),
  );
  const app = new Hono();
  app.get("/console", (c) => answers.get(page)?.(c) ?? c.notFound());
  // The page's paths are relative: below `/console/` they would lead nowhere.
  app.get("/console/", (c) => c.redirect("../console", 308));
  return app.get("/console/:file{.+}", (c) => {
    const name = c.req.param("file");
    const answer = name === page ? undefined : answers.get(name);
    return answer?.(c) ?? c.notFound();
  });
}
