import { assertEquals } from "@std/assert";
import { type Html, html } from "../../src/docs/html.ts";
import {
  renderExample,
  renderMembers,
  renderRow,
  renderType,
} from "../../src/docs/render_schema.ts";
import type { Schema } from "../../src/docs/schemas/components.ts";

/** Removes the layout of the source. */
function squeeze({ text }: Html): string {
  return text.replace(/\s*\n\s*/g, "");
}

const types: [Schema, string][] = [
  [{}, "any JSON"],
  [{ type: "string" }, "string"],
  [{ type: ["string", "number"] }, "string or number"],
  [{ type: "string", format: "date-time" }, "string, date-time"],
  [
    { type: "string", minLength: 1, maxLength: 256 },
    "string from 1 to 256 characters",
  ],
  [
    { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
    "integer from 0",
  ],
  [{ type: "number", exclusiveMinimum: 0 }, "number over 0"],
  [{ type: "integer", default: 100 }, "integer, by default 100"],
  [{ type: "string", const: "<b>" }, "<code>&quot;&lt;b&gt;&quot;</code>"],
  [{ enum: ["a", "<"] }, "<code>a</code> <code>&lt;</code>"],
  [{ anyOf: [{ type: "string" }, { type: "null" }] }, "string or null"],
  [
    { type: "array", items: { $ref: "#/components/schemas/Task" } },
    'list of <a href="#schema-Task">Task</a>',
  ],
];

for (const [schema, expected] of types) {
  Deno.test(`renderType() renders ${JSON.stringify(schema)} as ${expected}`, () => {
    assertEquals(renderType(schema).text, expected);
  });
}

Deno.test("renderMembers() has a row for each member, and marks optional members", () => {
  const members = renderMembers({
    type: "object",
    properties: {
      a: { type: "string", description: "one `<a>`" },
      b: { type: "boolean" },
    },
    required: ["b"],
  });
  assertEquals(
    squeeze(members),
    '<dl><div><dt><code>a</code> <span class="type">string, optional</span></dt><dd>one <code>&lt;a&gt;</code></dd></div>' +
      '<div><dt><code>b</code> <span class="type">boolean</span></dt><dd></dd></div></dl>',
  );
});

Deno.test("renderMembers() renders the type of a schema that is not an object", () => {
  assertEquals(renderMembers({ type: "string" }).text, "<p>string</p>");
});

Deno.test("renderRow() combines a name, a type and a description", () => {
  assertEquals(
    squeeze(renderRow(html`a`, html`b`, html`c`)),
    "<div><dt>a b</dt><dd>c</dd></div>",
  );
});

Deno.test("renderExample() keeps short JSON on a line, gives long JSON room, and escapes", () => {
  const code = (text: string) => `<pre><code>${text}</code></pre>`;
  assertEquals(renderExample("<&").text, code("&lt;&amp;"));
  assertEquals(
    renderExample({ a: [1] }).text,
    code("{ &quot;a&quot;: [ 1 ] }"),
  );
  const long = "x".repeat(90);
  assertEquals(
    renderExample({ a: long }).text,
    code(`{\n  &quot;a&quot;: &quot;${long}&quot;\n}`),
  );
});
