import { fileURLToPath } from "node:url";
import { allSettings } from "../config/settings.ts";
import type { WorkerProcess } from "./supervisor.ts";

/**
 * The present program, regardless of the file's name: from source, the only
 * program with permission to run. Exists only on Linux.
 */
const self = "/proc/self/exe";

/** The command for running a process as a worker. */
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
 * @param mainModule The file that was run; absent in the compiled binary, since
 * a binary contains the permissions.
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

/** Names the lockfile beside the main module, as used by the server. */
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
    // With either variable set, Deno from source refuses to start a process.
    "LD_PRELOAD",
    "LD_LIBRARY_PATH",
  ];
  return Object.fromEntries(names.map((name) => [name, ""]));
}

/**
 * Starts a worker process: the same program again. The worker receives data over
 * standard input, and logs to the same place.
 *
 * @throws {Deno.errors.NotCapable} Without permission to run. From source also
 * if a further variable of the dynamic linker (`LD_…`) is set: Deno passes none
 * on without the permission to run any program.
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
