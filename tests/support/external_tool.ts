/** The result of an external program. */
export interface ToolResult {
  readonly success: boolean;
  /** Standard output and standard error. */
  readonly output: string;
}

/** Runs an external program. Rejects if the program is not installed. */
export async function runTool(
  name: string,
  args: readonly string[],
  stdin = "",
): Promise<ToolResult> {
  const child = new Deno.Command(name, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(stdin));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { success, output: decoder.decode(stdout) + decoder.decode(stderr) };
}
