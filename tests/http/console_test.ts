import { assert, assertEquals, assertFalse } from "@std/assert";
import {
  isPackaged,
  readPackaged,
  VENDOR_FOLDER,
  VENDORED_FILES,
} from "../../.ci/vendor.ts";
import { makeApi } from "../support/api.ts";

const { call: callWithKey } = await makeApi();
const get = (path: string) => callWithKey(`GET ${path}`, { key: "" });
const folder = new URL("../../src/console/", import.meta.url);

/** Returns the names of the console's files. */
async function listFiles(under = ""): Promise<string[]> {
  const files: string[] = [];
  for await (const entry of Deno.readDir(new URL(under, folder))) {
    const path = `${under}${entry.name}`;
    if (entry.isDirectory) files.push(...await listFiles(`${path}/`));
    else files.push(path);
  }
  return files.sort();
}

const files = await listFiles();
const pathOf = (file: string) =>
  file === "index.html" ? "/console" : `/console/${file}`;

Deno.test("consoleRoutes() serves every file of the folder unchanged, without a key", async () => {
  const types: Record<string, string> = {
    html: "text/html",
    css: "text/css",
    js: "text/javascript",
    LICENSE: "text/plain",
  };
  assert(files.length > 10);
  for (const file of files) {
    const { status, text, headers } = await get(pathOf(file));
    assertEquals(status, 200, file);
    assertEquals(text, await Deno.readTextFile(new URL(file, folder)));
    const type = types[/\w+$/.exec(file)?.[0] ?? ""];
    assertEquals(headers.get("content-type"), `${type}; charset=utf-8`, file);
  }
});

Deno.test("consoleRoutes() lets the page run its own files and call its own server only", async () => {
  for (const file of files) {
    const { headers } = await get(pathOf(file));
    assertEquals(
      headers.get("content-security-policy"),
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    assertEquals(headers.get("x-content-type-options"), "nosniff");
    assertEquals(headers.get("referrer-policy"), "no-referrer");
    assertEquals(headers.get("cache-control"), "no-cache");
  }
});

Deno.test("consoleRoutes() has nothing else below the page", async () => {
  for (
    const path of [
      "/console/index.html",
      "/console/none.js",
      "/console/vendor",
      "/console/vendor/",
      "/console/../deno.json",
      "/console/..%2f..%2fdeno.json",
      "/console/%2e%2e/services.ts",
      "/console/constructor",
    ]
  ) {
    const { status, headers } = await get(path);
    assertEquals(status, 404, path);
    assertEquals(headers.get("content-type"), "application/problem+json");
  }
});

Deno.test("consoleRoutes() redirects /console/, so that relative paths resolve", async () => {
  const { status, headers } = await get("/console/");
  const location = headers.get("location") ?? "";
  assertEquals(status, 308);
  assertEquals(
    new URL(location, "http://a.example/prefix/console/").pathname,
    "/prefix/console",
  );
});

Deno.test("consoleRoutes() serves a page that obeys the page's policy", async () => {
  const { text } = await get("/console");
  assertFalse(/\son\w+\s*=/i.test(text), "inline event handlers");
  assertFalse(/\sstyle\s*=/i.test(text), "style attributes");
  assertFalse(/<style/i.test(text), "inline styles");
  assertFalse(/<script(?![^>]*\ssrc=)/i.test(text), "inline scripts");
  for (const [, path = ""] of text.matchAll(/(?:src|href)="([^"#]+)"/g)) {
    if (path.startsWith("data:")) continue;
    assertFalse(/^(?:\/|\w+:)/.test(path), `${path} is not relative`);
    assertEquals((await get(`/${path}`)).status, 200, path);
  }
});

Deno.test("the vendored files have the same names as the served files", () => {
  assertEquals(
    files.filter((file) => file.startsWith("vendor/")),
    Object.keys(VENDORED_FILES).map((name) => `vendor/${name}`).sort(),
  );
});

Deno.test({
  name: "the vendored files equal the files of the npm package",
  ignore: !isPackaged,
  async fn() {
    for (const name of Object.keys(VENDORED_FILES)) {
      assertEquals(
        await Deno.readTextFile(new URL(name, VENDOR_FOLDER)),
        await readPackaged(name),
        "run 'deno task vendor'",
      );
    }
  },
});
