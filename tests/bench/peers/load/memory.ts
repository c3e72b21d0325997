import { readFileSync } from "node:fs";
import type { Job, Outcome } from "./job.ts";
import { makeToken } from "./token.ts";
import { sleep, startWindow } from "./window.ts";
import { Watchers } from "./watchers.ts";

/**
 * Sockets opened before the first measurement, so that loaded code does not
 * count.
 */
const first = 200;

function residentKiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]);
}

/**
 * Returns the server's resident memory per additional watching socket, in KiB.
 */
export async function memory(job: Job): Promise<Outcome> {
  const ids = Array.from({ length: job.sockets }, (_, n) => `memory-${n}`);
  const tokens = ids.map((_, n) => makeToken(n + 1, job.secret));
  const watchers = new Watchers();
  const end = startWindow(job.pid);
  await watchers.open(job, ids.slice(0, first), tokens);
  await sleep(job.seconds * 1_000);
  const before = residentKiB(job.pid);
  await watchers.open(job, ids.slice(first), tokens.slice(first));
  await sleep(job.seconds * 1_000);
  const after = residentKiB(job.pid);
  const { serverCpu, loadCpu } = end();
  return {
    values: { kib: (after - before) / (ids.length - first) },
    faults: watchers.faults,
    serverCpu,
    loadCpu,
  };
}
