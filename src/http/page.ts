import { createHash } from "node:crypto";
import { Hono } from "hono";
import { staticFile } from "./static_files.ts";

/** The playground: one static file, included in the binary. */
const pageUrl = new URL("../playground/index.html", import.meta.url);

/**
 * Serves the playground at `/`: a page for newcomers to publish and watch a
 * task.
 */
export function pageRoute(): Hono {
  return new Hono().get(
    "/",
    staticFile(pageUrl, "text/html; charset=UTF-8", (html) => ({
      "Content-Security-Policy": policyOf(html),
      "Referrer-Policy": "no-referrer",
      "X-Content-Type-Options": "nosniff",
    })),
  );
}

/**
 * Content Security Policy (CSP Level 3): only the inline script and style with
 * the listed hashes run, and the page connects only to this server.
 */
function policyOf(html: string): string {
  return [
    "default-src 'none'",
    `script-src ${hashesOf(html, "script")}`,
    `style-src ${hashesOf(html, "style")}`,
    "img-src data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/**
 * Returns policy sources that allow a page's inline scripts or styles (CSP
 * Level 3 §2.3.1).
 */
export function hashesOf(html: string, element: "script" | "style"): string {
  const pattern = new RegExp(`<${element}[^>]*>([^]*?)</${element}>`, "g");
  return [...html.matchAll(pattern)].map(([, text = ""]) =>
    `'sha256-${createHash("sha256").update(text).digest("base64")}'`
  ).join(" ");
}
