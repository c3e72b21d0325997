import { makeAsyncApi } from "./asyncapi.ts";
import { makeOpenApi } from "./openapi.ts";
import { renderPage } from "./render_page.ts";

/** What describes the API, ready to be sent. */
export interface Documents {
  /** JSON (OpenAPI 3.1). */
  readonly openapi: string;
  /** JSON (AsyncAPI 3.0). */
  readonly asyncapi: string;
  /** HTML. */
  readonly page: string;
}

/** The style of the page: a file that goes into the binary. */
const styleUrl = new URL("../playground/docs.css", import.meta.url);

/**
 * Makes the documents.
 *
 * @throws {Deno.errors.NotFound} When the page's style is not in the binary.
 */
export async function makeDocuments(): Promise<Documents> {
  const openapi = makeOpenApi();
  const asyncapi = makeAsyncApi();
  const schemas = {
    http: openapi.components.schemas,
    sockets: asyncapi.components.schemas,
  };
  return {
    openapi: JSON.stringify(openapi),
    asyncapi: JSON.stringify(asyncapi),
    page: renderPage(schemas, await Deno.readTextFile(styleUrl)),
  };
}
