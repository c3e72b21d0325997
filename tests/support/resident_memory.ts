/** A process's resident memory, in bytes (proc_pid_status(5)). */
export function residentBytes(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

/**
 * Looks at a process's memory until it is within a bound, or for the last time.
 *
 * @param work What the process does between two looks: garbage is collected
 * only while something is done.
 * @returns What the last look saw, in bytes.
 */
export async function settledBytes(
  pid: number,
  maxBytes: number,
  work: () => Promise<unknown>,
  looks = 30,
): Promise<number> {
  for (let look = 1; look < looks; look += 1) {
    const bytes = residentBytes(pid);
    if (bytes <= maxBytes) return bytes;
    await work();
  }
  return residentBytes(pid);
}

/** Bytes for people. */
export function inMiB(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
