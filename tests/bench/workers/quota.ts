import { join } from "node:path";

/** How often the kernel gives out processor time anew, in microseconds. */
const periodUs = 10_000;

/** A control group in each of the two systems: its folder's parent, and what sets a quota. */
const systems = [
  {
    parent: "/sys/fs/cgroup/cpu",
    settings: (quotaUs: number) => ({
      "cpu.cfs_period_us": `${periodUs}`,
      "cpu.cfs_quota_us": `${quotaUs}`,
    }),
  },
  {
    parent: "/sys/fs/cgroup",
    settings: (quotaUs: number) => ({ "cpu.max": `${quotaUs} ${periodUs}` }),
  },
] as const;

/**
 * Holds a process to a share of a core (cgroups(7), version 1 or 2), so that a
 * small machine has room for several such processes and the load besides.
 *
 * @param share 0.3 for three tenths of a core.
 * @returns Whether it could: only the superuser may, and only on Linux.
 */
export async function limitCpu(pid: number, share: number): Promise<boolean> {
  for (const { parent, settings } of systems) {
    const folder = join(parent, `taskwire-bench-${pid}`);
    try {
      await Deno.mkdir(folder);
      const quotaUs = Math.round(periodUs * share);
      for (const [file, text] of Object.entries(settings(quotaUs))) {
        await Deno.writeTextFile(join(folder, file), text, { create: false });
      }
      await Deno.writeTextFile(join(folder, "cgroup.procs"), String(pid), {
        create: false,
      });
      return true;
    } catch {
      // Not this system, or not for us; the folder, if any, is removed below.
      await release(pid);
    }
  }
  return false;
}

/** Removes the group of a process that has ended. */
export async function release(pid: number): Promise<void> {
  for (const { parent } of systems) {
    try {
      await Deno.remove(join(parent, `taskwire-bench-${pid}`));
    } catch {
      // There was none, or its process ends only now: an empty group costs nothing.
    }
  }
}
