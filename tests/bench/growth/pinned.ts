/** The number of cores available to the process. */
const cores = navigator.hardwareConcurrency;

/**
 * Keeps all threads of a process on a core, to separate the load from the
 * server.
 *
 * @returns False on a machine with a single core, or without `taskset`.
 */
export async function pin(pid: number, core: number): Promise<boolean> {
  if (cores < 2) return false;
  try {
    const { success } = await new Deno.Command("taskset", {
      args: ["-acp", String(core), String(pid)],
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * Returns the processor time of a process so far, in microseconds
 * (`/proc/PID/task/TID/schedstat`, in nanoseconds). Noise on the machine
 * affects processor time far less than wall-clock time.
 */
export function cpuMicroseconds(pid: number): number {
  const folder = `/proc/${pid}/task`;
  let nanoseconds = 0;
  for (const { name } of Deno.readDirSync(folder)) {
    try {
      const stat = Deno.readTextFileSync(`${folder}/${name}/schedstat`);
      nanoseconds += Number(stat.split(" ")[0]);
    } catch (error) {
      // The thread has just ended.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return nanoseconds / 1_000;
}
