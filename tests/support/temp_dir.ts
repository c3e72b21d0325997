import { join } from "node:path";

/** An empty folder of its own; dispose of it to remove it with what it holds. */
export interface TempDir extends AsyncDisposable {
  readonly path: string;
  /** Writes a file into it. Returns the file's path. */
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
