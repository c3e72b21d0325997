/** HTML that is safe to insert into a page: only {@linkcode html} makes it. */
export class Html {
  constructor(readonly text: string) {}
}

/** A part of a template: text, which is escaped, or HTML. */
export type HtmlPart = string | number | Html | readonly Html[];

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * Fills a template of HTML. Inserted text is escaped, for elements and for
 * quoted attributes; HTML made by a template is not.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(html`<p>${"1 < 2"}</p>`.text, "<p>1 &lt; 2</p>");
 * ```
 */
export function html(
  strings: TemplateStringsArray,
  ...parts: readonly HtmlPart[]
): Html {
  // The source's indentation is not part of the page.
  const raw = strings.map((string) => string.replace(/\n\s*/g, "\n"));
  return new Html(String.raw({ raw }, ...parts.map(textOf)));
}

function textOf(part: HtmlPart): string {
  if (part instanceof Html) return part.text;
  if (typeof part === "object") return part.map(({ text }) => text).join("");
  return String(part).replace(/[&<>"']/g, (sign) => entities[sign] ?? sign);
}

/** Empty HTML, for an absent optional part of a template. */
export const nothing: Html = html``;

/**
 * Renders a sentence with `code` between backticks, as in CommonMark.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(prose("Send `ping` & wait").text, "Send <code>ping</code> &amp; wait");
 * ```
 */
export function prose(text: string): Html {
  const pieces = text.split("`").map((piece, index) =>
    index % 2 === 1 ? html`<code>${piece}</code>` : html`${piece}`
  );
  return html`${pieces}`;
}
