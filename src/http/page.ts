import { createHash } from "node:crypto";
import { Hono } from "hono";
import type { Services } from "../services.ts";
import { staticText } from "./static_files.ts";

/** The newcomer's page: one static file that goes into the binary. */
const pageUrl = new URL("../playground/index.html", import.meta.url);

/**
 * Reads the newcomer's page.
 *
 * @throws {Deno.errors.NotFound} When the file is not in the binary.
 */
export async function readPage(): Promise<string> {
  return await Deno.readTextFile(pageUrl);
}

/**
 * `/`: the page on which a newcomer watches a task move.
 *
 * Its policy (CSP Level 3) runs the file's own script and style, by their
 * hashes, and lets it talk to this server only.
 */
export function pageRoute({ page: html }: Services): Hono {
  const policy = [
    "default-src 'none'",
    `script-src ${hashesOf(html, "script")}`,
    `style-src ${hashesOf(html, "style")}`,
    "img-src data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
  return new Hono().get(
    "/",
    staticText(html, "text/html; charset=UTF-8", {
      "Content-Security-Policy": policy,
      "Referrer-Policy": "no-referrer",
      "X-Content-Type-Options": "nosniff",
    }),
  );
}

/** The sources in a policy that allow a page's own scripts or styles (CSP Level 3 §2.3.1). */
export function hashesOf(html: string, element: "script" | "style"): string {
  const pattern = new RegExp(`<${element}[^>]*>([^]*?)</${element}>`, "g");
  return [...html.matchAll(pattern)].map(([, text = ""]) =>
    `'sha256-${createHash("sha256").update(text).digest("base64")}'`
  ).join(" ");
}
