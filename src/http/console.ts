import { Hono } from "hono";
import { staticFile } from "./static_files.ts";

/** The folder of the console's files, included in the binary. */
const folder = new URL("../console/", import.meta.url);

/** The page, served at `/console`; the rest is served below `/console/`. */
const page = "index.html";

/** The console's files with content types. */
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
 * Content Security Policy (CSP Level 3): the console loads files from and
 * connects to this server only.
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
 * Serves `/console`, the operators' page. The files are public; the data comes
 * from the API, with a key.
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
  // The page's relative paths would not resolve below `/console/`.
  app.get("/console/", (c) => c.redirect("../console", 308));
  return app.get("/console/:file{.+}", (c) => {
    const name = c.req.param("file");
    const answer = name === page ? undefined : answers.get(name);
    return answer?.(c) ?? c.notFound();
  });
}
