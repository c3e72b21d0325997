import { readFileSync } from "node:fs";
import process from "node:process";

/** What was used between two moments. */
export interface Use {
  readonly seconds: number;
  /** The server's share of a core, from 0 to 1. */
  readonly serverCpu: number;
  /** The same of this process. */
  readonly loadCpu: number;
}

/** The processor time that a process has used, in seconds (proc_pid_stat(5), `utime` and `stime`). */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Begins to measure. Returns what ends it. */
export function startWindow(pid: number): () => Use {
  const startedAt = performance.now();
  const server = cpuSeconds(pid);
  const own = process.cpuUsage();
  return () => {
    const seconds = (performance.now() - startedAt) / 1_000;
    const { user, system } = process.cpuUsage(own);
    return {
      seconds,
      serverCpu: (cpuSeconds(pid) - server) / seconds,
      loadCpu: (user + system) / 1e6 / seconds,
    };
  };
}

export const sleep = (ms: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Waits until something is so, for 5 s at most. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!condition() && performance.now() < deadline) await sleep(5);
}

/** How long a work runs before it is measured, in ms. */
export const warmUpMs = 300;
