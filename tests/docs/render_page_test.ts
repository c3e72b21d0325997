import { assert, assertEquals, assertFalse } from "@std/assert";
import { makeAsyncApi } from "../../src/docs/asyncapi.ts";
import { makeOpenApi } from "../../src/docs/openapi.ts";
import { renderPage } from "../../src/docs/render_page.ts";

const page = renderPage({
  http: makeOpenApi().components.schemas,
  sockets: makeAsyncApi().components.schemas,
}, "a > b {}");

const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id = ""]) => id);

Deno.test("renderPage() has unique ids", () => {
  assert(ids.length > 50);
  assertEquals(ids.length, new Set(ids).size);
});

Deno.test("renderPage() has no dangling links", () => {
  const targets = [...page.matchAll(/ href="#([^"]+)"/g)]
    .map(([, id = ""]) => id);
  assert(targets.length > 80);
  assertEquals(targets.filter((target) => !ids.includes(target)), []);
});

Deno.test("renderPage() needs no script, no other host, and only the given style", () => {
  assertFalse(/<script|\son\w+=|\sstyle=|javascript:/i.test(page));
  assertEquals(page.match(/<style>[^]*?<\/style>/g), [
    "<style>a > b {}</style>",
  ]);
  const links = [...page.matchAll(/ (?:href|src)="([^"]+)"/g)]
    .map(([, link = ""]) => link);
  assertEquals(links.filter((link) => !/^(?:#|\/|data:)/.test(link)), []);
});
