import { assert, assertEquals, assertLess, assertNotEquals } from "@std/assert";
import { gunzipSync } from "node:zlib";
import { Hono } from "hono";
import { staticText } from "../../src/http/static_files.ts";

const text = "a line of a text\n".repeat(1_000);
const contentType = "text/plain; charset=UTF-8";
const app = new Hono().get(
  "/",
  staticText(text, contentType, { "X-Kind": "static" }),
);

/** Requests the text from the app, without decompression. */
async function get(headers: Record<string, string> = {}) {
  const response = await app.request("/", { headers });
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, bytes };
}

for (
  const accepted of [
    "gzip",
    "GZIP",
    "gzip, deflate, br, zstd",
    "br, gzip;q=0.1",
    "*",
    "identity;q=0.5, *;q=0.1",
  ]
) {
  Deno.test(`staticText() is compressed for '${accepted}'`, async () => {
    const { status, headers, bytes } = await get({
      "Accept-Encoding": accepted,
    });
    assertEquals([status, headers.get("content-encoding")], [200, "gzip"]);
    assertLess(bytes.length, text.length / 10);
    assertEquals(new TextDecoder().decode(gunzipSync(bytes)), text);
  });
}

for (const accepted of ["", "br", "identity", "gzip;q=0", "gzip;q=0, *"]) {
  Deno.test(`staticText() is plain for '${accepted}'`, async () => {
    const { status, headers, bytes } = await get({
      "Accept-Encoding": accepted,
    });
    assertEquals([status, headers.get("content-encoding")], [200, null]);
    assertEquals(new TextDecoder().decode(bytes), text);
  });
}

Deno.test("staticText() has an ETag per encoding and a Vary header", async () => {
  const plain = await get();
  const compressed = await get({ "Accept-Encoding": "gzip" });
  for (const { headers } of [plain, compressed]) {
    assertEquals(headers.get("content-type"), contentType);
    assertEquals(headers.get("vary"), "Accept-Encoding");
    assertEquals(headers.get("cache-control"), "no-cache");
    assertEquals(headers.get("x-kind"), "static");
  }
  assertNotEquals(plain.headers.get("etag"), compressed.headers.get("etag"));
});

Deno.test("staticText() answers 304 to a caching browser, in every encoding", async () => {
  for (const accepted of ["identity", "gzip"]) {
    const first = await get({ "Accept-Encoding": accepted });
    const etag = first.headers.get("etag");
    assert(etag);
    const again = await get({
      "Accept-Encoding": accepted,
      "If-None-Match": `"other", W/${etag}`,
    });
    assertEquals([again.status, again.bytes.length], [304, 0]);
    assertEquals(again.headers.get("etag"), etag);
    assertEquals(again.headers.get("vary"), "Accept-Encoding");
    assertEquals(again.headers.get("x-kind"), "static");
  }
});
