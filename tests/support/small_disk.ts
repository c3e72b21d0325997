import { runTool } from "./external_tool.ts";

/** A file system of a few megabytes, for tests that need `mount`; dispose of it to unmount it. */
export class SmallDisk implements AsyncDisposable {
  private constructor(readonly path: string) {}

  /** @param size As tmpfs(5) reads it, such as `4m`. */
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
 * Makes a file read-only until it is disposed of. To root every file is
 * writable, but for those of a read-only mount: as root, needs `mount`.
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
