import {
  getDefaults,
  Lexer,
  Parser,
  Renderer,
  type Token,
  Tokenizer,
  type Tokens,
} from "marked";
import { Html, html } from "./html.ts";

/** A heading of a page. */
export interface Heading {
  /** 1 for the title, 2 for a section, and so on. */
  readonly depth: number;
  /** The anchor that GitHub gives the heading. */
  readonly id: string;
  /** The text without markup. */
  readonly text: string;
}

/** A rendered Markdown page. */
export interface RenderedMarkdown {
  readonly content: Html;
  /** All headings, in order. */
  readonly headings: readonly Heading[];
  /** The first sentence of the first paragraph, without markup. */
  readonly firstSentence: string;
}

/** Makes the address of a link or a picture for the page; `undefined` for targets that the page cannot reach. */
export type Resolve = (target: string) => string | undefined;

/**
 * Renders a page in GitHub's Markdown. HTML in the source is shown as text.
 *
 * @param resolve Makes the addresses. A link without an address becomes its
 * text, and a picture without an address its description.
 */
export function renderMarkdown(
  source: string,
  resolve: Resolve,
): RenderedMarkdown {
  const renderer = new PageRenderer(resolve);
  const options = {
    ...getDefaults(),
    tokenizer: new TokenizerWithoutHtml(),
    renderer,
  };
  const tokens = Lexer.lex(source, options);
  const content = new Html(Parser.parse(tokens, options));
  return {
    content,
    headings: renderer.headings,
    firstSentence: firstSentenceOf(tokens),
  };
}

/** Reads tags as a part of the text, which is escaped. */
class TokenizerWithoutHtml extends Tokenizer {
  override html(): undefined {}
  override tag(): undefined {}
}

class PageRenderer extends Renderer {
  readonly headings: Heading[] = [];
  readonly #resolve: Resolve;
  readonly #uses = new Map<string, number>();

  constructor(resolve: Resolve) {
    super();
    this.#resolve = resolve;
  }

  override heading({ depth, tokens }: Tokens.Heading): string {
    const text = textOf(tokens);
    const id = this.#anchorOf(text);
    this.headings.push({ depth, id, text });
    const tag = `h${depth}`;
    const content = this.parser.parseInline(tokens);
    return `<${tag} id="${id}">${content}</${tag}>\n`;
  }

  override link({ href, tokens }: Tokens.Link): string {
    const content = this.parser.parseInline(tokens);
    const address = this.#resolve(href);
    return address === undefined
      ? content
      : html`<a href="${address}">${new Html(content)}</a>`.text;
  }

  override image({ href, text }: Tokens.Image): string {
    const address = this.#resolve(href);
    return address === undefined
      ? html`${text}`.text
      : html`<img src="${address}" alt="${text}">`.text;
  }

  // Whoever has no mouse scrolls an element with the focus.
  override code({ text }: Tokens.Code): string {
    return html`<pre tabindex="0"><code>${text}</code></pre>`.text + "\n";
  }

  override table(token: Tokens.Table): string {
    return `<div class="scroll" role="group" aria-label="Table" tabindex="0">${
      super.table(token)
    }</div>\n`;
  }

  // The corner of a table is no header of anything.
  override tablecell(token: Tokens.TableCell): string {
    const isHeader = token.header && token.text !== "";
    return super.tablecell({ ...token, header: isHeader });
  }

  /** Makes an anchor like GitHub: a repeated heading gets a number. */
  #anchorOf(heading: string): string {
    const anchor = heading.toLowerCase()
      .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\s-]/gu, "").replace(/\s/g, "-");
    const uses = this.#uses.get(anchor) ?? 0;
    this.#uses.set(anchor, uses + 1);
    return uses === 0 ? anchor : `${anchor}-${uses}`;
  }
}

/** The text of inline tokens, without markup. */
function textOf(tokens: readonly Token[]): string {
  return tokens.map((token) =>
    "tokens" in token && token.tokens !== undefined
      ? textOf(token.tokens)
      : token.type === "br"
      ? " "
      : "text" in token
      ? token.text
      : ""
  ).join("");
}

function firstSentenceOf(tokens: readonly Token[]): string {
  const paragraph = tokens.find(({ type }) => type === "paragraph");
  if (paragraph?.type !== "paragraph") return "";
  const text = textOf(paragraph.tokens ?? []).replace(/\s+/g, " ");
  const [sentence = text] = /^.*?\.(?= |$)/.exec(text) ?? [];
  return sentence.replace(/:$/, ".");
}
