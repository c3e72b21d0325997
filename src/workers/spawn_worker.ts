import { fileURLToPath } from "node:url";
import { allSettings } from "../config/settings.ts";
import type { WorkerProcess } from "./supervisor.ts";

/**
 * The present program, regardless of its name: the only program that the
 * process may run. Exists only on Linux.
 */
const self = "/proc/self/exe";

/** The command that makes a process a worker. */
export const workerCommandName = "worker";

/** The permissions of a worker run from source: no database, no environment. */
const sourceFlags = [
  "--no-prompt",
  "--unstable-net",
  "--allow-net",
  "--allow-read",
] as const;

/**
 * Makes the arguments of a worker.
 *
 * @param mainModule The file that was run; absent in the compiled binary, which
 * contains its permissions.
 */
export function workerArguments(mainModule?: string): string[] {
  return mainModule === undefined ? [workerCommandName] : [
    "run",
    lockFlag(mainModule),
    ...sourceFlags,
    mainModule,
    workerCommandName,
  ];
}

/**
 * Names the lockfile beside the main module, so that workers run the same
 * packages as the server.
 */
function lockFlag(mainModule: string): string {
  return `--lock=${fileURLToPath(new URL("deno.lock", mainModule))}`;
}

/**
 * Makes the changes to the environment for a worker. A worker needs the rest: a
 * proxy, certificates, the package cache. Settings go over the link, so their
 * variables are emptied and leave no secrets behind.
 */
export function workerEnvironment(): Record<string, string> {
  const names = [
    ...Object.values(allSettings).map(({ variable }) => variable),
    // With either variable set, Deno refuses to start a process.
    "LD_PRELOAD",
    "LD_LIBRARY_PATH",
  ];
  return Object.fromEntries(names.map((name) => [name, ""]));
}

/**
 * Starts a worker process: the same program again. The worker gets its data
 * over standard input, and logs to the same place.
 *
 * @throws {Deno.errors.NotCapable} Without permission to run, or if another
 * variable of the dynamic linker (`LD_…`) is set, which Deno never passes on.
 */
export function spawnWorker(): WorkerProcess {
  const { standalone } = Deno.build;
  const child = new Deno.Command(self, {
    args: workerArguments(standalone ? undefined : Deno.mainModule),
    env: workerEnvironment(),
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  return {
    pid: child.pid,
    streams: { readable: child.stdout, writable: child.stdin },
    exited: child.status.then(({ code }) => code),
    kill() {
      try {
        child.kill("SIGKILL");
      } catch (error) {
        // The process has just ended.
        if (!(error instanceof TypeError)) throw error;
      }
    },
  };
}
