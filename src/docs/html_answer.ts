import type { Context } from "hono";
import { hashesOf } from "../http/page.ts";
import { staticText } from "../http/static_files.ts";

/** Serves a page that runs nothing, and loads nothing but pictures. */
export function htmlAnswer(
  page: string,
  pictures: "data:" | "'self' data:",
): (c: Context) => Response {
  return staticText(page, "text/html; charset=utf-8", {
    "Content-Security-Policy": policyOf(page, pictures),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
  });
}

/** Allows the page's own style by its hash (CSP Level 3). */
function policyOf(page: string, pictures: string): string {
  return [
    "default-src 'none'",
    `style-src ${hashesOf(page)}`,
    `img-src ${pictures}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}
