import { runTool } from "./external_tool.ts";

/**
 * A file system of a few megabytes, for tests in need of `mount`. Disposing
 * unmounts the file system.
 */
export class SmallDisk implements AsyncDisposable {
  private constructor(readonly path: string) {}

  /** @param size The size in the format of tmpfs(5), for example `4m`. */
  static async mount(size: string): Promise<SmallDisk> {
    const path = await Deno.makeTempDir({ prefix: "taskwire-disk-" });
    await run("mount", "-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path);
    return new SmallDisk(path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run("umount", this.path);
    await Deno.remove(this.path);
  }
}

/**
 * Makes a file read-only until disposed of. Root can write to any file outside
 * a read-only mount: as root, needs `mount`.
 */
export async function makeReadOnly(path: string): Promise<AsyncDisposable> {
  if (Deno.uid() !== 0) {
    await Deno.chmod(path, 0o400);
    return { [Symbol.asyncDispose]: () => Deno.chmod(path, 0o600) };
  }
  await run("mount", "--bind", path, path);
  await run("mount", "-o", "remount,bind,ro", path);
  return { [Symbol.asyncDispose]: () => run("umount", path) };
}

async function run(command: string, ...args: string[]): Promise<void> {
  const { success, output } = await runTool(command, args);
  if (!success) throw new Error(output);
}
