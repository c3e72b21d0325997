/** Lists the living child processes of a process, oldest first (proc_pid_children(5)). */
export function childrenOf(pid: number): number[] {
  const threads = [...Deno.readDirSync(`/proc/${pid}/task`)];
  return threads.flatMap(({ name }) =>
    Deno.readTextFileSync(`/proc/${pid}/task/${name}/children`)
      .split(" ").filter((child) => child !== "").map(Number)
  ).sort((a, b) => a - b);
}

/**
 * Returns a process's arguments and environment as text (proc_pid_cmdline(5),
 * proc_pid_environ(5)).
 */
export function givenTo(pid: number): string {
  return ["cmdline", "environ"]
    .map((file) => Deno.readTextFileSync(`/proc/${pid}/${file}`))
    .join("\0").replaceAll("\0", "\n");
}
