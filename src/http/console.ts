import { Hono } from "hono";
import { staticFile } from "./static_files.ts";
import { sourceFile } from "../process/source_files.ts";

/** The folder of the console's files, included in the binary. */
const folder = sourceFile("console/");

/** The page, served at `/console`; the rest is served below `/console/`. */
const page = "index.html";

/** The console's files. */
const names = [
  page,
  "console.css",
  "console.js",
  "api.js",
  "charts.js",
  "connections.js",
  "details.js",
  "dom.js",
  "estimates.js",
  "foreign.js",
  "format.js",
  "labels.js",
  "locale.js",
  "pager.js",
  "setup.js",
  "task_feed.js",
  "task_words.js",
  "tasks.js",
  "throughput.js",
  "vendor/LICENSE",
  "vendor/uPlot.esm.js",
  "vendor/uPlot.min.css",
];

/** Limits the console's page to this server (CSP Level 3). */
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

/** Serves `/console`, the operators' page: public files without data. */
export function consoleRoutes(): Hono {
  const headers = {
    "Content-Security-Policy": policy,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
  };
  const answers = new Map(
    names.map((name) => [name, staticFile(new URL(name, folder), headers)]),
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
