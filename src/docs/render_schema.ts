import { type Html, html, nothing, prose } from "./html.ts";
import type { Schema } from "./schemas/components.ts";

/** Renders a row of a list of members, parameters or answers. */
export function renderRow(name: Html, type: Html, description: Html): Html {
  return html`
    <div>
      <dt>${name} ${type}</dt>
      <dd>${description}</dd>
    </div>
  `;
}

/** Renders an object, a row per member; for other schemas, the type. */
export function renderMembers(schema: Schema): Html {
  if (schema.properties === undefined) {
    return html`<p>${renderType(schema)}${describe(schema)}</p>`;
  }
  const required = schema.required ?? [];
  const rows = Object.entries(schema.properties).map(([name, member]) =>
    renderRow(
      html`<code>${name}</code>`,
      html`<span class="type">${renderType(asSchema(member))}${
        required.includes(name) ? nothing : ", optional"
      }</span>`,
      describe(asSchema(member)),
    )
  );
  return html`<dl>${rows}</dl>`;
}

function asSchema(schema: Schema | boolean): Schema {
  return typeof schema === "boolean" ? {} : schema;
}

function describe({ description }: Schema): Html {
  return description === undefined ? nothing : prose(description);
}

/** Renders a schema in a few words; a named schema as a link. */
export function renderType(schema: Schema): Html {
  const { $ref, anyOf, oneOf, const: value, enum: words, items } = schema;
  if ($ref !== undefined) {
    const name = $ref.slice($ref.lastIndexOf("/") + 1);
    return html`<a href="#schema-${name}">${name}</a>`;
  }
  if (value !== undefined) return html`<code>${JSON.stringify(value)}</code>`;
  if (words !== undefined) {
    return join(words.map((word) => html`<code>${String(word)}</code>`), " ");
  }
  const choices = anyOf ?? oneOf;
  if (choices !== undefined) return join(choices.map(renderType), " or ");
  if (schema.type === "array" && typeof items === "object") {
    const [item = {}] = [items].flat();
    return html`list of ${renderType(asSchema(item))}`;
  }
  return html`${nameOf(schema)}${boundsOf(schema)}`;
}

function nameOf({ type, format }: Schema): string {
  if (type === undefined) return "any JSON";
  return `${[type].flat().join(" or ")}${format ? `, ${format}` : ""}`;
}

/** Larger bounds are not shown: they only reflect the range of numbers. */
const largestBound = 1e12;

/** Renders the bounds of a number or a text. */
function boundsOf(schema: Schema): string {
  const { exclusiveMinimum, minLength, maxLength } = schema;
  const from = schema.minimum ?? minLength;
  const maximum = (schema.maximum ?? 0) > largestBound
    ? undefined
    : schema.maximum;
  const to = maximum ?? maxLength;
  const unit = minLength === undefined && maxLength === undefined
    ? ""
    : " characters";
  const words = [
    exclusiveMinimum === undefined ? "" : ` over ${exclusiveMinimum}`,
    from === undefined ? "" : ` from ${from}`,
    to === undefined ? "" : ` to ${to}`,
  ].join("");
  const preset = schema.default === undefined
    ? ""
    : `, by default ${JSON.stringify(schema.default)}`;
  return `${words}${words === "" ? "" : unit}${preset}`;
}

function join(parts: readonly Html[], separator: string): Html {
  return html`${
    parts.map((part, index) => index === 0 ? part : html`${separator}${part}`)
  }`;
}

/** The maximum length of JSON on one line, in characters. */
const maxLineLength = 90;

/** Renders JSON with line breaks, or plain text unchanged. */
export function renderExample(example: unknown): Html {
  const text = typeof example === "string" ? example : prettyJson(example);
  return html`<pre><code>${text}</code></pre>`;
}

function prettyJson(value: unknown): string {
  const indented = JSON.stringify(value, null, 2);
  const line = indented.replace(/\n\s*/g, " ");
  return line.length > maxLineLength ? indented : line;
}
