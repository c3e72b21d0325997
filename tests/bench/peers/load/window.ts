import { readFileSync } from "node:fs";
import process from "node:process";

/** The resources used during a measurement. */
export interface Use {
  readonly seconds: number;
  /** The server's share of a core, from 0 to 1. */
  readonly serverCpu: number;
  /** The share of this process. */
  readonly loadCpu: number;
}

/**
 * Returns the processor time of a process, in seconds (proc_pid_stat(5),
 * `utime` and `stime`).
 */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Begins to measure; returns a function to end. */
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

/** Waits until a condition is true, for at most 5 s. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!condition() && performance.now() < deadline) await sleep(5);
}

/** The warm-up of a work, in ms. */
export const warmUpMs = 300;
