import { type Context, Hono } from "hono";
import { makeOnce } from "../async/make_once.ts";
import { hashesOf } from "../http/page.ts";
import { staticText } from "../http/static_files.ts";

/** The documents as they are served. */
interface Answers {
  readonly openapi: (c: Context) => Response;
  readonly asyncapi: (c: Context) => Response;
  readonly page: (c: Context) => Response;
}

/**
 * `/openapi.json`, `/asyncapi.json` and `/docs`: the API described (spec §2).
 *
 * The documents are made when the first of them is asked for, so that a start
 * costs nothing, and kept as they are sent.
 */
export function docsRoutes(): Hono {
  // A process without a free descriptor may have one later.
  const answers = makeOnce(make);
  return new Hono()
    .get("/openapi.json", async function openApi(c) {
      return (await answers()).openapi(c);
    })
    .get("/asyncapi.json", async function asyncApi(c) {
      return (await answers()).asyncapi(c);
    })
    .get("/docs", async function docsPage(c) {
      return (await answers()).page(c);
    });
}

async function make(): Promise<Answers> {
  const { makeDocuments } = await import("./documents.ts");
  const { openapi, asyncapi, page } = await makeDocuments();
  const nosniff = { "X-Content-Type-Options": "nosniff" };
  return {
    openapi: staticText(openapi, "application/json", nosniff),
    asyncapi: staticText(asyncapi, "application/json", nosniff),
    page: staticText(page, "text/html; charset=UTF-8", {
      ...nosniff,
      "Content-Security-Policy": policyOf(page),
      "Referrer-Policy": "no-referrer",
    }),
  };
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
