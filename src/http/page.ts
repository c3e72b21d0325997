import { createHash } from "node:crypto";
import { Hono } from "hono";
import { staticFile } from "./static_files.ts";
import { sourceFile } from "../process/source_files.ts";

// Files included in the binary.
const pageUrl = sourceFile("playground/index.html");
const scriptUrl = sourceFile("playground/playground.js");

/**
 * Serves the playground at `/`, a page for newcomers to publish and watch a
 * task, and the page's script, which imports `/client.js`.
 */
export function pageRoutes(): Hono {
  return new Hono()
    .get(
      "/",
      staticFile(pageUrl, (html) => ({
        "Content-Security-Policy": policyOf(html),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
      })),
    )
    .get(
      "/playground.js",
      staticFile(scriptUrl, { "X-Content-Type-Options": "nosniff" }),
    );
}

/**
 * Content Security Policy (CSP Level 3): only this server's scripts and the
 * inline style with the listed hash are allowed, and the page connects only to
 * this server.
 */
function policyOf(html: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src ${hashesOf(html)}`,
    "img-src data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/** Returns sources that allow a page's inline styles (CSP Level 3 §2.3.1). */
export function hashesOf(html: string): string {
  return [...html.matchAll(/<style[^>]*>([^]*?)<\/style>/g)].map((
    [, text = ""],
  ) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`)
    .join(" ");
}
