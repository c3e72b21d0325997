import { type Setting, settings } from "../../src/config/settings.ts";

const root = new URL("../../", import.meta.url);

/** The text of README.md. */
export const readme = await Deno.readTextFile(new URL("README.md", root));

/** The fenced blocks of a language, without their fences, in order. */
export function blocksOf(markdown: string, language: string): string[] {
  const blocks = markdown.matchAll(/^```(\w*)\n([^]*?)^```$/gm);
  return [...blocks].filter(([, name]) => name === language)
    .map(([, , text = ""]) => text);
}

/** Prose alone: what stands in a fenced block is no heading and no link. */
export function withoutBlocks(markdown: string): string {
  return markdown.replace(/^```\w*\n[^]*?^```$/gm, "");
}

/** The anchors that GitHub gives to headings. */
export function anchorsOf(markdown: string): string[] {
  return [...withoutBlocks(markdown).matchAll(/^#+ (.+)$/gm)]
    .map(([, heading = ""]) =>
      heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .replaceAll(" ", "-")
    );
}

/** What links and pictures point to; references stand for what they name. */
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

/** The cells of each row of a table, by the names of its columns. */
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
export const settingColumns = ["variable", "default", "what it is"];

/** README's table of the variables, as `src/config/settings.ts` has them. */
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
