import { assertEquals } from "@std/assert";
import { html, nothing, prose } from "../../src/docs/html.ts";

Deno.test("html() escapes inserted text", () => {
  assertEquals(
    html`<a title="${`"'`}">${"<script>&"}</a>`.text,
    '<a title="&quot;&#39;">&lt;script&gt;&amp;</a>',
  );
});

Deno.test("html() inserts templates, lists and numbers without escaping", () => {
  const items = [1, 2].map((item) => html`<li>${item}</li>`);
  assertEquals(
    html`<ul>${items}${nothing}</ul>`.text,
    "<ul><li>1</li><li>2</li></ul>",
  );
});

Deno.test("html() drops the source's indentation, and keeps the indentation of inserted text", () => {
  assertEquals(
    html`
      <pre>${"a\n  b"}</pre>
    `.text,
    "\n<pre>a\n  b</pre>\n",
  );
});

Deno.test("prose() renders text between backticks as escaped code", () => {
  assertEquals(
    prose("an `<a>` & `b`").text,
    "an <code>&lt;a&gt;</code> &amp; <code>b</code>",
  );
});
