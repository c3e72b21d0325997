import { join } from "node:path";

/** The period in which the kernel renews the quota, in microseconds. */
const periodUs = 10_000;

/**
 * A control group in both versions: the parent folder, and the files for a
 * quota.
 */
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
 * Limits a process to a share of a core (cgroups(7), version 1 or 2), so that a
 * small machine has room for several processes and the load.
 *
 * @param share 0.3 for three tenths of a core.
 * @returns False if not permitted: only the superuser on Linux may.
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
      // A different version, or no permission; any folder is removed below.
      await release(pid);
    }
  }
  return false;
}

/** Removes the group of an ended process. */
export async function release(pid: number): Promise<void> {
  for (const { parent } of systems) {
    try {
      await Deno.remove(join(parent, `taskwire-bench-${pid}`));
    } catch {
      // There is no group, or the process is just ending: an empty group costs
      // nothing.
    }
  }
}
