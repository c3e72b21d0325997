import { makeAsyncApi } from "./asyncapi.ts";
import { makeOpenApi } from "./openapi.ts";
import { readStyle } from "./render_document.ts";
import { renderPage } from "./render_page.ts";

/** The API documents, ready to be sent. */
export interface Documents {
  /** JSON (OpenAPI 3.1). */
  readonly openapi: string;
  /** JSON (AsyncAPI 3.0). */
  readonly asyncapi: string;
  /** HTML. */
  readonly page: string;
}

/**
 * Creates the documents.
 *
 * @throws {Deno.errors.NotFound} If the stylesheet is not in the binary.
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
    page: renderPage(schemas, await readStyle()),
  };
}
