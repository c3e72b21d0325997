/** HTML that may go into a page as it is: made by {@linkcode html} alone. */
export class Html {
  constructor(readonly text: string) {}
}

/** What a template takes in: text, which is escaped, or HTML. */
export type HtmlPart = string | number | Html | readonly Html[];

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * A template of HTML: all that is put into it is escaped, for elements and
 * for quoted attributes, unless a template made it.
 *
 * @example
 * ```ts
 * html`<p>${"1 < 2"}</p>`.text; // <p>1 &lt; 2</p>
 * ```
 */
export function html(
  strings: TemplateStringsArray,
  ...parts: readonly HtmlPart[]
): Html {
  // The source's indentation is no part of the page.
  const raw = strings.map((string) => string.replace(/\n\s*/g, "\n"));
  return new Html(String.raw({ raw }, ...parts.map(textOf)));
}

function textOf(part: HtmlPart): string {
  if (part instanceof Html) return part.text;
  if (typeof part === "object") return part.map(({ text }) => text).join("");
  return String(part).replace(/[&<>"']/g, (sign) => entities[sign] ?? sign);
}

/** Nothing, where a template has an optional part. */
export const nothing: Html = html``;

/** A sentence in which `code` stands between backticks, as CommonMark has it. */
export function prose(text: string): Html {
  const pieces = text.split("`").map((piece, index) =>
    index % 2 === 1 ? html`<code>${piece}</code>` : html`${piece}`
  );
  return html`${pieces}`;
}
