import { assertEquals, assertFalse } from "@std/assert";
import { pageRoutes } from "../../src/http/page.ts";
import { answerOf } from "../support/answer.ts";
import { startTestServer } from "../support/server.ts";

/** Returns the directives of a policy by name (CSP Level 3 §2.2.1). */
function parsePolicy(policy: string): Map<string, string[]> {
  return new Map(
    policy.split(";").map((directive) => {
      const [name = "", ...values] = directive.trim().split(/\s+/);
      return [name, values];
    }),
  );
}

const page = pageRoutes();

async function hashOf(text: string): Promise<string> {
  const bytes = new TextEncoder().encode(text);
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return `'sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}'`;
}

Deno.test("pageRoutes() serves the page as HTML, without a key", async () => {
  await using server = await startTestServer();
  const page = await answerOf(fetch(server.origin));
  assertEquals(page.status, 200);
  assertEquals(page.headers.get("content-type"), "text/html; charset=utf-8");
  const file = new URL("../../src/playground/index.html", import.meta.url);
  assertEquals(page.text, await Deno.readTextFile(file));
});

Deno.test("pageRoutes() serves the page's script", async () => {
  const { status, text, headers } = await answerOf(
    page.request("/playground.js"),
  );
  assertEquals(status, 200);
  assertEquals(headers.get("content-type"), "text/javascript; charset=utf-8");
  assertEquals(headers.get("x-content-type-options"), "nosniff");
  const file = new URL("../../src/playground/playground.js", import.meta.url);
  assertEquals(text, await Deno.readTextFile(file));
});

Deno.test("pageRoutes() allows only the server's scripts and the page's own style", async () => {
  const { text, headers } = await answerOf(page.request("/"));
  const policy = parsePolicy(headers.get("content-security-policy") ?? "");
  assertEquals(policy.get("default-src"), ["'none'"]);
  assertEquals(policy.get("script-src"), ["'self'"]);
  const [, style = ""] = /<style>([^]*?)<\/style>/.exec(text) ?? [];
  assertEquals(policy.get("style-src"), [await hashOf(style)]);
});

Deno.test("pageRoutes() lets the page connect to its own server only, and forbids framing", async () => {
  const { headers } = await answerOf(page.request("/"));
  const policy = parsePolicy(headers.get("content-security-policy") ?? "");
  for (
    const [name, value] of [["connect-src", "'self'"], ["base-uri", "'none'"], [
      "form-action",
      "'none'",
    ], ["frame-ancestors", "'none'"]] as const
  ) {
    assertEquals(policy.get(name), [value]);
  }
  assertEquals(headers.get("referrer-policy"), "no-referrer");
  assertEquals(headers.get("x-content-type-options"), "nosniff");
});

Deno.test("pageRoutes() serves a page that obeys the page's policy", async () => {
  const { text } = await answerOf(page.request("/"));
  const markup = text.replace(/<(script|style)[^>]*>[^]*?<\/\1>/g, "");
  assertFalse(/\son\w+\s*=/i.test(markup), "inline event handlers");
  assertFalse(/\sstyle\s*=/i.test(markup), "style attributes");
  assertFalse(/<script(?![^>]*\ssrc="playground.js")/i.test(text), "scripts");
  assertFalse(/<link[^>]*stylesheet/i.test(text), "external styles");
});
