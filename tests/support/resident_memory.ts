/** A process's resident memory, in bytes (proc_pid_status(5)). */
export function residentBytes(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

/**
 * Measures a process's memory repeatedly, until within a bound or to the last
 * measurement.
 *
 * @param work Keeps the process busy between measurements, because garbage is
 * collected only while code runs.
 * @returns The last measurement, in bytes.
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
