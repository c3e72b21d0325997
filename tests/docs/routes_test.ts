import { assert, assertEquals } from "@std/assert";
import { docsRoutes } from "../../src/docs/routes.ts";
import { answerOf } from "../support/answer.ts";
import { startTestServer } from "../support/server.ts";

const routes = [
  ["/openapi.json", "application/json", '{"openapi":"3.1'],
  ["/asyncapi.json", "application/json", '{"asyncapi":"3.0.0"'],
  ["/docs", "text/html; charset=utf-8", "<!DOCTYPE html>"],
] as const;

for (const [path, type, start] of routes) {
  Deno.test(`docsRoutes() serves ${path} without a key`, async () => {
    await using server = await startTestServer();
    const { status, headers, text } = await answerOf(
      fetch(server.origin + path),
    );
    assertEquals(status, 200);
    assertEquals(headers.get("content-type"), type);
    assertEquals(headers.get("x-content-type-options"), "nosniff");
    assert(text.startsWith(start), text.slice(0, 80));
  });
}

Deno.test("docsRoutes() makes the documents once for concurrent requests", async () => {
  const readTextFile = Deno.readTextFile;
  let reads = 0;
  Deno.readTextFile = (...args) => {
    reads += 1;
    return readTextFile(...args);
  };
  try {
    const app = docsRoutes();
    assertEquals(reads, 0, "none at start");
    const answers = await Promise.all(
      [...routes, ...routes].map(([path]) => answerOf(app.request(path))),
    );
    assertEquals(answers.map(({ status }) => status), Array(6).fill(200));
    assertEquals(reads, 1);
  } finally {
    Deno.readTextFile = readTextFile;
  }
});

Deno.test("docsRoutes() tries again if the documents could not be made", async () => {
  const readTextFile = Deno.readTextFile;
  const app = docsRoutes();
  app.onError((_, c) => c.text("", 500));
  try {
    Deno.readTextFile = () => Promise.reject(new Error("no descriptor"));
    assertEquals((await answerOf(app.request("/docs"))).status, 500);
  } finally {
    Deno.readTextFile = readTextFile;
  }
  assertEquals((await answerOf(app.request("/docs"))).status, 200);
});

Deno.test("docsRoutes() forbids scripts, loading and framing", async () => {
  const { headers, text } = await answerOf(docsRoutes().request("/docs"));
  const [, style = ""] = /<style>([^]*)<\/style>/.exec(text) ?? [];
  const digest = await crypto.subtle.digest(
    "SHA-256",
    new TextEncoder().encode(style),
  );
  const hash = btoa(String.fromCharCode(...new Uint8Array(digest)));
  assertEquals(headers.get("content-security-policy")?.split("; "), [
    "default-src 'none'",
    `style-src 'sha256-${hash}'`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ]);
  assertEquals(headers.get("referrer-policy"), "no-referrer");
});
