import { fileURLToPath } from "node:url";
import { childrenOf } from "../../support/child_processes.ts";
import { allowOpenFiles } from "../../support/open_files.ts";
import { serve } from "../../support/taskwire.ts";
import { makeTempDir } from "../../support/temp_dir.ts";
import { cpuMicroseconds } from "../growth/pinned.ts";
import { limitCpu, release } from "./quota.ts";
import { apiKey, secret } from "../peers/catalog.ts";
import type { Job, Outcome } from "../peers/load/job.ts";
import { bunPath } from "../peers/packages.ts";

const loadMain = fileURLToPath(
  new URL("../peers/load/main.ts", import.meta.url),
);

/** The descriptor limit of a process: for open and closing sockets. */
const openFiles = 16_000;

/** A measured server; dispose to stop. */
export interface MeasuredWorkers extends AsyncDisposable {
  readonly workers: number;
  readonly port: number;
  /** The supervisor, or the only process. */
  readonly pid: number;
  /** The workers; empty for a single process. */
  readonly workerPids: readonly number[];
}

/** The result of a round. CPU is in cores: 1 is one fully used core. */
export interface Measurement {
  /** Units of work per second. */
  readonly rate: number;
  /** The number of lost or reordered frames and failures. */
  readonly faults: number;
  readonly mainCpu: number;
  readonly workerCpus: readonly number[];
  readonly loadCpu: number;
}

/**
 * Starts a server with an empty store.
 *
 * @param share The share of a core for each process.
 */
export async function startWorkers(
  workers: number,
  store: string,
  share: number,
): Promise<MeasuredWorkers> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await makeTempDir());
  const limited: number[] = [];
  // After the processes have ended.
  stack.defer(() => Promise.all(limited.map(release)).then(() => {}));
  const { server, origin } = stack.use(
    await serve(["--workers", String(workers)], {
      cwd: folder.path,
      env: {
        TASKWIRE_API_KEYS: apiKey,
        TASKWIRE_JWT_SECRET: secret,
        TASKWIRE_STORE: store,
        TASKWIRE_DRAIN_TIMEOUT: "1",
        TASKWIRE_LOG: "error",
      },
    }),
  );
  const workerPids = childrenOf(server.pid);
  for (const pid of [server.pid, ...workerPids]) {
    await allowOpenFiles(pid, openFiles);
    if (share < 1 && !await limitCpu(pid, share)) {
      throw new Error("No process can be held to a share of a core here");
    }
    limited.push(pid);
  }
  const kept = stack.move();
  return {
    workers,
    port: Number(new URL(origin).port),
    pid: server.pid,
    workerPids,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Puts a server under load. CPU counts from the first connection on. */
export async function measure(
  server: MeasuredWorkers,
  job: Pick<Job, "work" | "sockets" | "seconds" | "tokens">,
): Promise<Measurement> {
  const pids = [server.pid, ...server.workerPids];
  const before = pids.map(cpuMicroseconds);
  const startedAt = performance.now();
  const whole: Job = {
    port: server.port,
    pid: server.pid,
    wire: "plain",
    apiKey,
    secret,
    ...job,
  };
  const { success, stdout } = await new Deno.Command("bash", {
    args: [
      "-c",
      `ulimit -n "$(ulimit -Hn)"; exec "$@"`,
      "bash",
      bunPath,
      loadMain,
      JSON.stringify(whole),
    ],
    stdout: "piped",
  }).output();
  if (!success) throw new Error(`The load ${job.work} failed`);
  const { values, faults, loadCpu }: Outcome = JSON.parse(
    new TextDecoder().decode(stdout),
  );
  const elapsedMicroseconds = (performance.now() - startedAt) * 1_000;
  const [mainCpu = 0, ...workerCpus] = pids.map((pid, index) =>
    (cpuMicroseconds(pid) - (before[index] ?? 0)) / elapsedMicroseconds
  );
  return { rate: values.rate ?? NaN, faults, mainCpu, workerCpus, loadCpu };
}
