import { type Html, html, nothing } from "./html.ts";
import type { RenderedMarkdown } from "./markdown.ts";
import { renderDocument } from "./render_document.ts";

/** A rendered page of the guide. */
export interface GuidePage extends RenderedMarkdown {
  /** The last segment of the page's path. */
  readonly name: string;
  readonly title: string;
}

// All links are relative: a proxy may serve the guide below a prefix.

/** Renders `/docs/guide`: the pages, each with its first sentence. */
export function renderGuideContents(
  pages: readonly GuidePage[],
  style: string,
): string {
  const items = pages.map(({ name, title, firstSentence }) =>
    html`
      <li><a href="guide/${name}">${title}</a><p>${firstSentence}</p></li>
    `
  );
  return renderDocument({
    title: "taskwire guide",
    style,
    body: html`
      <header>
        <h1>taskwire guide</h1>
        <p
          class="muted">Routes, frames and codes in full: <a href="../docs">the API</a>. To try them: <a href="../">the page</a>.</p>
      </header>
      <main id="content" class="prose">
        <ul class="pages">${items}</ul>
      </main>
    `,
  });
}

/** Renders `/docs/guide/NAME`. */
export function renderGuidePage(
  page: GuidePage,
  pages: readonly GuidePage[],
  style: string,
): string {
  return renderDocument({
    title: `${page.title} · taskwire guide`,
    style,
    body: html`
      <header>
        <p><a href="../guide">taskwire guide</a> · <a href="../../docs">API</a></p>
      </header>
      <div class="columns guide">
      ${renderNav(page, pages)}
      <main id="content" class="prose">
      ${page.content}
      </main>
        </div>
    `,
  });
}

/** Renders links to all pages, and to the sections of the shown page. */
function renderNav(shown: GuidePage, pages: readonly GuidePage[]): Html {
  const items = pages.map((page) =>
    page === shown
      ? html`<li><a href="${page.name}" aria-current="page">${page.title}</a>${
        renderSections(page)
      }</li>`
      : html`<li><a href="${page.name}">${page.title}</a></li>`
  );
  return html`
    <nav aria-label="Guide">
      <ul>${items}</ul>
    </nav>
  `;
}

function renderSections({ headings }: GuidePage): Html {
  const sections = headings.filter(({ depth }) => depth === 2 || depth === 3);
  if (sections.length === 0) return nothing;
  const items = sections.map(({ id, text }) =>
    html`<li><a href="#${id}">${text}</a></li>`
  );
  return html`<ul>${items}</ul>`;
}
