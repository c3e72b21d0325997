import { type Setting, settings } from "../../src/config/settings.ts";

const root = new URL("../../", import.meta.url);

/** A Markdown page: README.md, or a page of the guide. */
export interface Page {
  /** The path from the root of the repository. */
  readonly path: string;
  readonly url: URL;
  readonly text: string;
}

/** Reads a page by the path from the root of the repository. */
export async function readPage(path: string): Promise<Page> {
  const url = new URL(path, root);
  return { path, url, text: await Deno.readTextFile(url) };
}

/** Reads a page of the guide, for example `scaling`. */
export function readGuidePage(name: string): Promise<Page> {
  return readPage(`src/docs/guide/${name}.md`);
}

/** Reads README.md and all pages of the guide. */
export async function readPages(): Promise<Page[]> {
  const guide = new URL("src/docs/guide/", root);
  const names = await Array.fromAsync(Deno.readDir(guide), ({ name }) => name);
  const paths = names.sort().map((name) => `src/docs/guide/${name}`);
  return await Promise.all(["README.md", ...paths].map(readPage));
}

/** Returns the fenced blocks of a text, with the text after the opening fence. */
function fencedBlocksOf(markdown: string): { info: string; text: string }[] {
  const blocks = markdown.matchAll(/^```([^\n]*)\n([^]*?)^```$/gm);
  return [...blocks].map(([, info = "", text = ""]) => ({ info, text }));
}

/** Returns the text after every opening fence, for example `sh norun`. */
export function fencesOf(markdown: string): string[] {
  return fencedBlocksOf(markdown).map(({ info }) => info);
}

/** Returns the blocks after a fence such as `sh`, without the fences, in order. */
export function blocksOf(markdown: string, fence: string): string[] {
  return fencedBlocksOf(markdown).filter(({ info }) => info === fence)
    .map(({ text }) => text);
}

/** Removes fenced blocks, since blocks contain no headings or links. */
export function withoutBlocks(markdown: string): string {
  return markdown.replace(/^```[^\n]*\n[^]*?^```$/gm, "");
}

/** Returns the anchors of the headings, as made by GitHub. */
export function anchorsOf(markdown: string): string[] {
  return [...withoutBlocks(markdown).matchAll(/^#+ (.+)$/gm)]
    .map(([, heading = ""]) =>
      heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .replaceAll(" ", "-")
    );
}

/** Returns the targets of links and pictures, including the targets of references. */
export function targetsOf(markdown: string): string[] {
  const prose = withoutBlocks(markdown);
  const references = new Map(
    [...prose.matchAll(/^\[([^\]]+)\]: (\S+)$/gm)].map((
      [, name = "", target = ""],
    ) => [name, target]),
  );
  const inline = [...prose.matchAll(/\]\(([^()\s]+)\)/g)].map((
    [, target = ""],
  ) => target);
  const named = [...prose.matchAll(/\]\[([^\]]+)\]/g)].map(([, name = ""]) =>
    references.get(name) ?? `an unknown reference, ${name}`
  );
  return [...inline, ...named];
}

/** Returns the cells of a table's rows, by the names of the columns. */
export function tableOf(
  markdown: string,
  ...columns: readonly string[]
): string[][] | undefined {
  const tables = markdown.matchAll(/(?:^\|.*\|\n)+/gm);
  const rows = [...tables].map(([text]) =>
    text.trimEnd().split("\n").map((line) =>
      line.slice(1, -1).split("|").map((cell) => cell.trim())
    )
  );
  const found = rows.find(([head]) => head?.join() === columns.join());
  return found?.slice(2);
}

/** The names of the columns of {@linkcode settingRows}. */
export const settingColumns = ["variable", "default", "meaning"];

/** The rows of the table of variables, made from `src/config/settings.ts`. */
export function settingRows(): string[][] {
  return Object.values(settings).map(
    ({ variable, fallback, description }: Setting) => [
      `\`${variable}\``,
      fallback === undefined ? "none" : `\`${fallback}\``,
      description,
    ],
  );
}

/** A table in Markdown, for people to paste. */
export function markdownTable(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(columns), line(columns.map(() => "---")), ...rows.map(line)]
    .join("\n");
}
