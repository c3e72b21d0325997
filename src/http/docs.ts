import { Hono } from "hono";
import type { Documents } from "../docs/documents.ts";
import { hashesOf } from "./page.ts";

const headers = {
  "X-Content-Type-Options": "nosniff",
  "Cache-Control": "no-cache",
};

/**
 * `/openapi.json`, `/asyncapi.json` and `/docs`: the API described (spec §2).
 *
 * The documents are made when the first of them is asked for, so that a start
 * costs nothing, and kept as they are sent.
 */
export function docsRoutes(): Hono {
  let making: Promise<Documents> | undefined;
  async function documents(): Promise<Documents> {
    try {
      return await (making ??= make());
    } catch (error) {
      making = undefined; // a process without a free descriptor may have one later
      throw error;
    }
  }
  const json = { ...headers, "Content-Type": "application/json" };
  return new Hono()
    .get("/openapi.json", async function openApi(c) {
      return c.body((await documents()).openapi, 200, json);
    })
    .get("/asyncapi.json", async function asyncApi(c) {
      return c.body((await documents()).asyncapi, 200, json);
    })
    .get("/docs", async function docsPage(c) {
      const { page } = await documents();
      return c.html(page, 200, {
        ...headers,
        "Content-Security-Policy": policyOf(page),
        "Referrer-Policy": "no-referrer",
      });
    });
}

async function make(): Promise<Documents> {
  const { makeDocuments } = await import("../docs/documents.ts");
  return await makeDocuments();
}

/** A page that runs nothing and loads nothing (CSP Level 3). */
function policyOf(page: string): string {
  return [
    "default-src 'none'",
    `style-src ${hashesOf(page, "style")}`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}
