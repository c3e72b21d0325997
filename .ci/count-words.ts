/**
 * Counts the pronouns and pointing words in comments and documents, in
 * per cent of the words, and "what" per 1,000 words.
 *
 *     deno run --allow-read=. .ci/count-words.ts
 *
 * @module
 */

/** Words that point at a thing instead of naming the thing. */
const pointing = new Set(
  ("it its itself that this these those they them their theirs he him his she her we us our ours you your i my me " +
    "what whatever who whom whose whoever which one ones other others another else there here so such both each " +
    "either neither none somebody someone something anybody anyone anything nobody nothing everybody everything everyone")
    .split(" "),
);

/** The share of pointing words and the rate of "what" in some text. */
export interface Count {
  readonly words: number;
  /** Per cent of the words. */
  readonly pointing: number;
  /** Per 1,000 words. */
  readonly what: number;
}

/** Counts the words of plain text. Code in backticks or fences does not count. */
export function countWords(text: string): Count {
  const prose = text.replace(/```[^]*?```/g, " ").replace(/`[^`\n]*`/g, " ");
  const words = prose.toLowerCase().match(/[a-z]+(?:'[a-z]+)?/g) ?? [];
  const stems = words.map((word) => word.replace(/'.*$/, ""));
  const share = (count: number, of: number) =>
    words.length === 0 ? 0 : of * count / words.length;
  return {
    words: words.length,
    pointing: share(stems.filter((stem) => pointing.has(stem)).length, 100),
    what: share(stems.filter((stem) => stem === "what").length, 1_000),
  };
}

/** Extracts the comments of a source text: doc comments without their tags, line comments. */
export function commentsOf(source: string): string {
  const found = source.matchAll(/\/\*([^]*?)\*\/|(?<=^|\s)\/\/(.*)$/gm);
  return [...found].map(([, block, line]) =>
    (block ?? line ?? "")
      .replace(/^\s*\*+ ?/gm, "")
      .replace(/\{@linkcode [^}]*\}|@\w+( \{[^}]*\})?/g, " ")
  ).join("\n");
}

/** Lists the files below a folder whose names match. */
async function* walk(folder: string, name: RegExp): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (/\/(vendor|jsr_standins|node_modules)$/.test(path)) continue;
    if (entry.isDirectory) yield* walk(path, name);
    else if (name.test(entry.name) && !/client\.(js|d\.ts)$/.test(path)) {
      yield path;
    }
  }
}

async function readAll(
  folders: readonly string[],
  name: RegExp,
  extract: (text: string) => string = (text) => text,
): Promise<string> {
  const texts: string[] = [];
  for (const folder of folders) {
    for await (const path of walk(folder, name)) {
      texts.push(extract(await Deno.readTextFile(path)));
    }
  }
  return texts.join("\n");
}

if (import.meta.main) {
  const folders = Deno.args.length > 0 ? Deno.args : ["src", "tests"];
  for (const folder of folders) {
    const comments = await readAll([folder], /\.(ts|js)$/, commentsOf);
    print(`comments in ${folder}`, countWords(comments));
  }
  if (Deno.args.length === 0) {
    const documents = await Deno.readTextFile("README.md") +
      await readAll(["src/docs"], /\.md$/);
    print("README and guide", countWords(documents));
  }
}

function print(name: string, { words, pointing, what }: Count): void {
  // deno-lint-ignore no-console
  console.log(
    `${name}: ${words} words, pronouns and pointing words ${
      pointing.toFixed(1)
    } %, "what" ${what.toFixed(1)} per 1,000`,
  );
}
