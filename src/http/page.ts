import { createHash } from "node:crypto";
import { Hono } from "hono";
import { staticFile } from "./static_files.ts";

/** The newcomer's page: one static file that goes into the binary. */
const pageUrl = new URL("../playground/index.html", import.meta.url);

/** `/`: the page on which a newcomer watches a task move. */
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

/** Runs the page's own script and style by their hashes, and lets the page talk to this server only (CSP Level 3). */
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

/** The sources in a policy that allow a page's own scripts or styles (CSP Level 3 §2.3.1). */
export function hashesOf(html: string, element: "script" | "style"): string {
  const pattern = new RegExp(`<${element}[^>]*>([^]*?)</${element}>`, "g");
  return [...html.matchAll(pattern)].map(([, text = ""]) =>
    `'sha256-${createHash("sha256").update(text).digest("base64")}'`
  ).join(" ");
}
