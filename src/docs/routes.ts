import { type Context, Hono } from "hono";
import { makeOnce } from "../async/make_once.ts";
import { staticText } from "../http/static_files.ts";
import { guideRoutes } from "./guide_routes.ts";
import { htmlAnswer } from "./html_answer.ts";

/** The handlers of the documents. */
interface Answers {
  readonly openapi: (c: Context) => Response;
  readonly asyncapi: (c: Context) => Response;
  readonly page: (c: Context) => Response;
}

/**
 * Serves the API documents, `/openapi.json`, `/asyncapi.json` and `/docs` (spec
 * §2), and the guide.
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
    })
    .route("/", guideRoutes());
}

async function make(): Promise<Answers> {
  const { makeDocuments } = await import("./documents.ts");
  const { openapi, asyncapi, page } = await makeDocuments();
  const nosniff = { "X-Content-Type-Options": "nosniff" };
  return {
    openapi: staticText(openapi, "application/json", nosniff),
    asyncapi: staticText(asyncapi, "application/json", nosniff),
    page: htmlAnswer(page, "data:"),
  };
}
