import type { KeyFile } from "../auth/keys.ts";
import type { Config } from "../config/config.ts";
import { log } from "../log/log.ts";
import type { LinkStreams } from "./link.ts";
import type { WorkerReady } from "./messages.ts";
import { Pause } from "../async/pause.ts";
import { type Shared, SupervisorLink } from "./supervisor_link.ts";

/** A worker's process. */
export interface WorkerProcess {
  readonly pid: number;
  readonly streams: LinkStreams;
  /** Resolves to the exit code when the process has ended. */
  readonly exited: Promise<number>;
  /** Kills the process, unless already ended. */
  kill(): void;
}

/** Options of a {@linkcode Supervisor}. */
export interface SupervisorOptions {
  /** The number of workers to keep running. */
  readonly count: number;
  /** The workers' config. */
  readonly config: Config;
  readonly publicKey?: KeyFile;
  readonly shared: Shared;
  /**
   * Starts a worker process.
   *
   * @throws {Error} If the process can't be started.
   */
  readonly spawn: () => WorkerProcess;
}

/**
 * The exit code of a drained process that asks to be started again, after too
 * much memory use or too many unopened sockets: `EX_TEMPFAIL` of sysexits.h.
 */
export const restartExitCode = 75;

/** The number of deaths that end the start of the server. */
const maxDeathsAtStart = 5;

/** The time for which a death counts, in milliseconds. */
const deathsWindowMs = 60_000;

/**
 * The pause before the second replacement in that time, in milliseconds;
 * doubled for each further death up to the longest.
 */
const firstPauseMs = 100;
const longestPauseMs = 5_000;

/** The time from the limit until a worker is killed, in milliseconds. */
const graceMs = 1_000;

/** The workers can't be kept running. */
export class WorkersFailedError extends Error {
  override readonly name = "WorkersFailedError";
}

/** Starts a number of workers, replaces ended workers, and stops all. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  #config: Config;
  readonly #links = new Set<SupervisorLink>();
  readonly #processes = new Set<WorkerProcess>();
  readonly #slots: Promise<void>[] = [];
  readonly #failed = Promise.withResolvers<WorkersFailedError>();
  readonly #pause = new Pause();
  #deathsAtMs: number[] = [];
  #hasStarted = false;
  #isStopping = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#config = options.config;
  }

  /** Resolves if too many workers died before all were ready. */
  get failed(): Promise<WorkersFailedError> {
    return this.#failed.promise;
  }

  /**
   * Starts the first worker, which takes the port, then all others.
   *
   * @returns The first worker's report.
   * @throws {WorkersFailedError} If a worker can't start; others may run until
   * `stop`.
   */
  async start(): Promise<WorkerReady> {
    const ready = await this.#begin(1);
    this.#config = Object.freeze({ ...this.#config, port: ready.port });
    const { count } = this.#options;
    await Promise.all(
      Array.from({ length: count - 1 }, (_, index) => this.#begin(index + 2)),
    );
    this.#hasStarted = true;
    return ready;
  }

  /**
   * Drains all workers at once, and resolves when all have ended. Workers
   * beyond the time limit are killed.
   *
   * @param timeoutMs The time limit; by default the drain time.
   */
  async stop(
    timeoutMs: number = this.#config.drainTimeoutSeconds * 1_000,
  ): Promise<void> {
    this.#isStopping = true;
    this.#pause.end();
    for (const link of this.#links) link.stop(timeoutMs);
    const deadline = setTimeout(() => {
      for (const process of this.#processes) process.kill();
    }, timeoutMs + graceMs);
    await Promise.all(this.#slots);
    clearTimeout(deadline);
  }

  /** Keeps a worker running; resolves when it is first ready. */
  #begin(worker: number): Promise<WorkerReady> {
    const first = Promise.withResolvers<WorkerReady>();
    this.failed.then(first.reject);
    this.#slots.push(this.#keep(worker, first));
    return first.promise;
  }

  async #keep(
    worker: number,
    first: PromiseWithResolvers<WorkerReady>,
  ): Promise<void> {
    while (!this.#isStopping) {
      try {
        const code = await this.#runOnce(worker, first);
        if (this.#isStopping) return;
        if (code === 0 || code === restartExitCode) continue;
        log.error(
          "Worker {worker} exited with code {code}, starting a replacement",
          { worker, code },
        );
      } catch (error) {
        if (this.#hasStarted) {
          log.error("Worker {worker} can't be started: {error}", {
            worker,
            error,
          });
        }
        const reason = error instanceof Error ? error.message : String(error);
        first.reject(new WorkersFailedError(reason));
      }
      await this.#mourn();
    }
  }

  /** @returns The exit code. */
  async #runOnce(
    worker: number,
    first: PromiseWithResolvers<WorkerReady>,
  ): Promise<number> {
    const { publicKey, shared, spawn } = this.#options;
    const process = spawn();
    const { pid } = process;
    const link = new SupervisorLink(process.streams, shared, {
      onReady(ready) {
        log.info("Worker {worker} listens, as process {pid}", { worker, pid });
        first.resolve(ready);
      },
      onFailed: (reason) => {
        if (this.#hasStarted) {
          log.error("Worker {worker} can't start: {reason}", {
            worker,
            reason,
          });
        }
        first.reject(new WorkersFailedError(reason));
      },
      onStalled() {
        log.error(
          "Worker {worker} does not read its messages, killing the process",
          { worker },
        );
        process.kill();
      },
    });
    this.#links.add(link);
    this.#processes.add(process);
    link.start({
      config: this.#config,
      worker,
      ...(publicKey ? { publicKey } : {}),
    });
    // A worker without a link is useless, and usually about to end.
    let timer: ReturnType<typeof setTimeout> | undefined;
    link.ended.then(() => timer = setTimeout(() => process.kill(), graceMs));
    const [code] = await Promise.all([process.exited, link.ended]);
    clearTimeout(timer);
    await link.close();
    this.#links.delete(link);
    this.#processes.delete(process);
    return code;
  }

  /**
   * Waits before a dead worker is replaced. Gives up only during the start:
   * otherwise a client that kills workers, or a lack of file descriptors, could
   * end the server.
   */
  async #mourn(): Promise<void> {
    const now = performance.now();
    this.#deathsAtMs = this.#deathsAtMs.filter((atMs) =>
      atMs > now - deathsWindowMs
    );
    const earlier = this.#deathsAtMs.length;
    this.#deathsAtMs.push(now);
    if (!this.#hasStarted && earlier + 1 >= maxDeathsAtStart) {
      return this.#giveUp();
    }
    if (earlier === 0) return;
    await this.#pause.wait(
      Math.min(firstPauseMs * 2 ** (earlier - 1), longestPauseMs),
    );
  }

  #giveUp(): void {
    this.#isStopping = true;
    this.#pause.end();
    this.#failed.resolve(
      new WorkersFailedError(
        `${maxDeathsAtStart} workers died before all were ready: see the log for the reasons`,
      ),
    );
  }
}
