import { assert, assertEquals } from "@std/assert";
import { guideRoutes } from "../../src/docs/guide_routes.ts";
import { pictureNames } from "../../src/docs/guide_files.ts";
import { answerOf } from "../support/answer.ts";
import { makeApi } from "../support/api.ts";

for (const path of ["/docs/guide", "/docs/guide/tour"]) {
  Deno.test(`guideRoutes() forbids scripts on ${path}, and lets the page load only pictures`, async () => {
    const { status, headers, text } = await answerOf(
      guideRoutes().request(path),
    );
    assertEquals(status, 200);
    assertEquals(headers.get("content-type"), "text/html; charset=utf-8");
    assertEquals(headers.get("x-content-type-options"), "nosniff");
    assertEquals(headers.get("referrer-policy"), "no-referrer");
    const [defaults, style, ...others] =
      headers.get("content-security-policy")?.split("; ") ?? [];
    assertEquals(defaults, "default-src 'none'");
    assert(/^style-src 'sha256-[^' ]+'$/.test(style ?? ""), style);
    assertEquals(others, [
      "img-src 'self' data:",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ]);
    assert(text.startsWith("<!DOCTYPE html>"));
  });
}

Deno.test("guideRoutes() serves the pictures unchanged, and compresses only SVG", async () => {
  const app = guideRoutes();
  for (const name of pictureNames) {
    const type = name.endsWith(".png")
      ? "image/png"
      : "image/svg+xml; charset=utf-8";
    const file = new URL(`../../src/docs/pictures/${name}`, import.meta.url);
    const path = `/docs/pictures/${name}`;
    const { status, headers, body } = await app.request(path);
    assertEquals([status, headers.get("content-type")], [200, type]);
    assertEquals(headers.get("x-content-type-options"), "nosniff");
    const bytes = new Uint8Array(await new Response(body).arrayBuffer());
    assertEquals(bytes, await Deno.readFile(file));

    const compressed = await app.request(path, {
      headers: { "Accept-Encoding": "gzip" },
    });
    await compressed.body?.cancel();
    assertEquals(
      compressed.headers.get("content-encoding"),
      type === "image/png" ? null : "gzip",
    );
  }
});

Deno.test("guideRoutes() redirects /docs/guide/ to /docs/guide", async () => {
  const { status, headers } = await answerOf(
    guideRoutes().request("/docs/guide/"),
  );
  assertEquals([status, headers.get("location")], [308, "../guide"]);
});

Deno.test("guideRoutes() reads no file before the first request, and each file once", async () => {
  const readTextFile = Deno.readTextFile;
  const read: string[] = [];
  Deno.readTextFile = (path, options) => {
    read.push(String(path));
    return readTextFile(path, options);
  };
  try {
    const app = guideRoutes();
    assertEquals(read, []);
    const paths = ["/docs/guide", "/docs/guide/tour", "/docs/guide/security"];
    await Promise.all(paths.map((path) => answerOf(app.request(path))));
    assert(read.length > 10);
    assertEquals(read, [...new Set(read)]);
  } finally {
    Deno.readTextFile = readTextFile;
  }
});

for (
  const path of [
    "/docs/guide/unknown",
    "/docs/guide/tour.md",
    "/docs/guide/%2e%2e%2fparameters",
    "/docs/pictures/unknown.png",
    "/docs/pictures/toString",
  ]
) {
  Deno.test(`the server answers ${path} with a problem`, async () => {
    const { call } = await makeApi();
    const { status, headers, text } = await call(`GET ${path}`, { key: "" });
    assertEquals(status, 404);
    assertEquals(headers.get("content-type"), "application/problem+json");
    assertEquals(JSON.parse(text).code, "not_found");
  });
}
