import { join } from "node:path";

/** A new, empty folder. Disposing removes the folder and its files. */
export interface TempDir extends AsyncDisposable {
  readonly path: string;
  /** Writes a file into the folder. Returns the file's path. */
  write(name: string, text: string): Promise<string>;
}

export async function makeTempDir(): Promise<TempDir> {
  const path = await Deno.makeTempDir({ prefix: "taskwire-test-" });
  return {
    path,
    async write(name, text) {
      const file = join(path, name);
      await Deno.writeTextFile(file, text);
      return file;
    },
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}
