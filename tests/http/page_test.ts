import { assert, assertEquals, assertFalse } from "@std/assert";
import { pageRoute } from "../../src/http/page.ts";
import { reconnectPolicies } from "../../src/protocol/close_codes.ts";
import { closingErrors } from "../../src/protocol/error_codes.ts";
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

const page = pageRoute();

async function hashOf(text: string): Promise<string> {
  const bytes = new TextEncoder().encode(text);
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return `'sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}'`;
}

Deno.test("pageRoute() serves the page as HTML, without a key", async () => {
  await using server = await startTestServer();
  const page = await answerOf(fetch(server.origin));
  assertEquals(page.status, 200);
  assertEquals(page.headers.get("content-type"), "text/html; charset=UTF-8");
  const file = new URL("../../src/playground/index.html", import.meta.url);
  assertEquals(page.text, await Deno.readTextFile(file));
});

Deno.test("pageRoute() allows the page's own script and style, and no other", async () => {
  const { text, headers } = await answerOf(page.request("/"));
  const policy = parsePolicy(headers.get("content-security-policy") ?? "");
  assertEquals(policy.get("default-src"), ["'none'"]);
  for (const element of ["script", "style"]) {
    const blocks = text.split(new RegExp(`<${element}\\b[^>]*>`)).slice(1)
      .map((rest) => rest.slice(0, rest.indexOf(`</${element}>`)));
    assert(blocks.length > 0);
    assertEquals(
      policy.get(`${element}-src`),
      await Promise.all(blocks.map(hashOf)),
    );
  }
});

Deno.test("pageRoute() lets the page connect to its own server only, and forbids framing", async () => {
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

Deno.test("pageRoute() serves a page that its policy would not break", async () => {
  const { text } = await answerOf(page.request("/"));
  const markup = text.replace(/<(script|style)[^>]*>[^]*?<\/\1>/g, "");
  assertFalse(/\son\w+\s*=/i.test(markup), "inline event handlers");
  assertFalse(/\sstyle\s*=/i.test(markup), "style attributes");
  assertFalse(/<script[^>]*\ssrc\s*=/i.test(text), "external scripts");
  assertFalse(/<link[^>]*stylesheet/i.test(text), "external styles");
});

Deno.test("pageRoute() has a page that stops reconnecting after the same errors as the client", async () => {
  const { text } = await answerOf(page.request("/"));
  const [, table = ""] = /FINAL_ERRORS = (\{[^}]*\})/.exec(text) ?? [];
  const listed = [...table.matchAll(/(\w+): (\d+)/g)]
    .map(([, error, code]) => [error, Number(code)]);
  const final = Object.entries(closingErrors)
    .filter(([, code]) => code && reconnectPolicies[code]);
  assertEquals<unknown>(listed.sort(), final.sort());
  const [, codes = ""] = /FINAL_CODES = \[(.*)\]/.exec(text) ?? [];
  assertEquals(
    codes.split(", "),
    ["1000", ...Object.keys(reconnectPolicies)],
  );
});
