import { fileURLToPath } from "node:url";
import { allSettings } from "../config/settings.ts";
import type { WorkerProcess } from "./supervisor.ts";

/** This very program, whatever its name: all that the process may run. Only Linux has it. */
const self = "/proc/self/exe";

/** The command by which a worker knows what it is. */
export const workerCommandName = "worker";

/** What a worker that runs from source is granted: it opens no database, and reads no environment. */
const sourceFlags = [
  "--no-prompt",
  "--unstable-net",
  "--allow-net",
  "--allow-read",
] as const;

/**
 * What a worker is called with.
 *
 * @param mainModule The file that was run; absent in the compiled binary, which
 * has its permissions in it.
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

/** Names the lockfile beside the main module, so that workers run the packages that their server runs. */
function lockFlag(mainModule: string): string {
  return `--lock=${fileURLToPath(new URL("deno.lock", mainModule))}`;
}

/**
 * What differs from this process's environment, of which a worker needs the
 * rest: a proxy, certificates, where packages are. The settings come over the
 * link, and none of their secrets is left where it isn't needed.
 */
export function workerEnvironment(): Record<string, string> {
  const names = [
    ...Object.values(allSettings).map(({ variable }) => variable),
    // With these Deno would start nothing.
    "LD_PRELOAD",
    "LD_LIBRARY_PATH",
  ];
  return Object.fromEntries(names.map((name) => [name, ""]));
}

/**
 * Starts a worker's process: the same program again. It gets what it needs
 * over its standard input, and logs where this process does.
 *
 * @throws {Deno.errors.NotCapable} Where the process may not, or has other
 * variables of the dynamic linker (`LD_…`), which Deno passes on to nobody.
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
        // It has ended, and nobody could know yet.
        if (!(error instanceof TypeError)) throw error;
      }
    },
  };
}
