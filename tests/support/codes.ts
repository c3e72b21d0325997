import { fileURLToPath } from "node:url";

/** The codes that the sources below a folder name: `code: "…"`. */
export async function codesIn(folder: string): Promise<Set<string>> {
  const root = fileURLToPath(new URL(`../../${folder}/`, import.meta.url));
  const codes = new Set<string>();
  for await (const { name, isFile } of Deno.readDir(root)) {
    if (!isFile || !name.endsWith(".ts")) continue;
    const text = await Deno.readTextFile(root + name);
    for (const [, code = ""] of text.matchAll(/\bcode: "(\w+)"/g)) {
      codes.add(code);
    }
  }
  return codes;
}
