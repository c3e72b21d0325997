import { assert, assertEquals } from "@std/assert";
import { makeDocuments } from "../../src/docs/documents.ts";
import { version } from "../../src/process/version.ts";
import { asyncApi, openApi } from "../support/documents.ts";

Deno.test("makeDocuments() serialises both documents, of this version", async () => {
  const { openapi, asyncapi } = await makeDocuments();
  assertEquals(JSON.parse(openapi), openApi);
  assertEquals(JSON.parse(asyncapi), asyncApi);
  for (const document of [openApi, asyncApi]) {
    assertEquals((document.info as { version: string }).version, version);
  }
});

Deno.test("makeDocuments() inserts the style into the page, unescaped", async () => {
  const { page } = await makeDocuments();
  const style = await Deno.readTextFile(
    new URL("../../src/playground/docs.css", import.meta.url),
  );
  assert(page.includes(`<style>${style}</style>`));
});
