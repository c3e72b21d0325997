/** The most open files of a process: the current limit, and the highest permitted limit. */
export interface OpenFileLimit {
  readonly soft: number;
  readonly hard: number;
}

/** Reads the limit of a process (proc_pid_limits(5)). */
export function openFileLimit(pid: number): OpenFileLimit {
  const limits = Deno.readTextFileSync(`/proc/${pid}/limits`);
  const [, soft, hard] =
    /Max open files\s+(\d+|unlimited)\s+(\d+|unlimited)/.exec(limits) ?? [];
  const parse = (text?: string) =>
    text === "unlimited" ? Infinity : Number(text);
  return { soft: parse(soft), hard: parse(hard) };
}

/**
 * Raises the limit of open files for a running process.
 *
 * @throws {Error} If the machine forbids the change; the message says how to
 * fix the limit.
 */
export async function allowOpenFiles(
  pid: number,
  count: number,
): Promise<void> {
  const { soft, hard } = openFileLimit(pid);
  if (soft >= count) return;
  if (hard < count) {
    throw new Error(
      `${count} open files are needed, and this machine allows ${hard}: raise the hard limit (ulimit -Hn) and run again`,
    );
  }
  const { success, stderr } = await new Deno.Command("prlimit", {
    args: [`--pid=${pid}`, `--nofile=${count}:${hard}`],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
