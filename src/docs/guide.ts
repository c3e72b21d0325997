import { guidePageNames, pictureNames } from "./guide_files.ts";
import { renderMarkdown } from "./markdown.ts";
import { readStyle } from "./render_document.ts";
import {
  type GuidePage,
  renderGuideContents,
  renderGuidePage,
} from "./render_guide.ts";
import { sourceFile } from "../process/source_files.ts";

/** The guide as HTML. */
export interface Guide {
  /** The table of contents. */
  readonly contents: string;
  /** The pages by name. */
  readonly pages: ReadonlyMap<string, string>;
}

/**
 * Renders the guide.
 *
 * @throws {Deno.errors.NotFound} If a page or the style is not in the binary.
 */
export async function makeGuide(): Promise<Guide> {
  const style = await readStyle();
  const pages = await Promise.all(guidePageNames.map(readPage));
  return {
    contents: renderGuideContents(pages, style),
    pages: new Map(
      pages.map((page) => [page.name, renderGuidePage(page, pages, style)]),
    ),
  };
}

async function readPage(name: string): Promise<GuidePage> {
  const url = sourceFile(`docs/guide/${name}.md`);
  const rendered = renderMarkdown(await Deno.readTextFile(url), resolve);
  const [title] = rendered.headings;
  return { ...rendered, name, title: title?.text ?? name };
}

/**
 * Makes the address of a link in a page of the guide. Files in the repository
 * have no address.
 */
function resolve(target: string): string | undefined {
  if (/^(?:https?:\/\/|#)/.test(target)) return target;
  const [, page = "", anchor = ""] = /^(\w+)\.md(#.*)?$/.exec(target) ?? [];
  if (guidePageNames.some((name) => name === page)) return page + anchor;
  const [, picture = ""] = /^\.\.\/pictures\/(.+)$/.exec(target) ?? [];
  return pictureNames.includes(picture) ? target : undefined;
}
