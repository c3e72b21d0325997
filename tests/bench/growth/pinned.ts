/** How many cores this process sees. */
const cores = navigator.hardwareConcurrency;

/**
 * Keeps all threads of a process on one core, so that those who measure and
 * those who are measured don't push each other around.
 *
 * @returns Whether it could: not on one core alone, nor without `taskset`.
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
 * The time that a process's threads have had on a core so far, in microseconds
 * (`/proc/PID/task/TID/schedstat`, in nanoseconds). What others do on the
 * machine moves it far less than it moves the clock on the wall.
 */
export function cpuMicroseconds(pid: number): number {
  const folder = `/proc/${pid}/task`;
  let nanoseconds = 0;
  for (const { name } of Deno.readDirSync(folder)) {
    try {
      const stat = Deno.readTextFileSync(`${folder}/${name}/schedstat`);
      nanoseconds += Number(stat.split(" ")[0]);
    } catch (error) {
      // A thread that has just ended.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return nanoseconds / 1_000;
}
