import { type Context, Hono } from "hono";
import { makeOnce } from "../async/make_once.ts";
import { hashesOf } from "../http/page.ts";
import { staticText } from "../http/static_files.ts";

/** The handlers of the documents. */
interface Answers {
  readonly openapi: (c: Context) => Response;
  readonly asyncapi: (c: Context) => Response;
  readonly page: (c: Context) => Response;
}

/**
 * Serves the API documents: `/openapi.json`, `/asyncapi.json` and `/docs` (spec
 * §2).
 *
 * The first request makes all documents, to keep the start fast. The server
 * keeps the encoded documents.
 */
export function docsRoutes(): Hono {
  // A process without free descriptors may have one later.
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

/** Content Security Policy (CSP Level 3): the page runs and loads nothing. */
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
