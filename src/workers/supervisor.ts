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
  /** Resolves to its exit code, once it has ended. */
  readonly exited: Promise<number>;
  /** Ends it at once; harmless when it has ended. */
  kill(): void;
}

/** What a {@linkcode Supervisor} works with. */
export interface SupervisorOptions {
  /** How many workers there are to be. */
  readonly count: number;
  /** For the workers. */
  readonly config: Config;
  readonly publicKey?: KeyFile;
  readonly shared: Shared;
  /**
   * Starts a worker's process.
   *
   * @throws {Error} When it can't be started.
   */
  readonly spawn: () => WorkerProcess;
}

/**
 * A worker that took too much memory ends with this code (`EX_TEMPFAIL`), and
 * with 0 where somebody sent it a signal: it has drained, and did nothing wrong.
 */
const restartExitCode = 75;

/** The number of deaths that end the start of the server: the next workers would die as well. */
const maxDeathsAtStart = 5;

/** The time for which a death counts, in milliseconds. */
const deathsWindowMs = 60_000;

/** The pause before the second replacement in that time, in milliseconds; doubled for each further death up to the longest. */
const firstPauseMs = 100;
const longestPauseMs = 5_000;

/** What a worker gets beyond its time before it is killed, in milliseconds. */
const graceMs = 1_000;

/** The workers can't be kept running. */
export class WorkersFailedError extends Error {
  override readonly name = "WorkersFailedError";
}

/**
 * Keeps a number of workers running: starts them, replaces those that end, and
 * stops them all.
 */
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

  /** Resolves when too many workers have died before all were ready. */
  get failed(): Promise<WorkersFailedError> {
    return this.#failed.promise;
  }

  /**
   * Starts the workers: one, which takes the port, and then the others.
   *
   * @returns What the first one said.
   * @throws {WorkersFailedError} When one can't begin; then some may run, until `stop`.
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
   * Drains all workers at once, and resolves when they have ended. One that
   * takes longer than it may is killed.
   *
   * @param timeoutMs How long it may take; by default the drain time.
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

  /** Keeps one worker running; resolves when it is ready for the first time. */
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
          log.error("Worker {worker} can't begin: {reason}", {
            worker,
            reason,
          });
        }
        first.reject(new WorkersFailedError(reason));
      },
      onStalled() {
        log.error("Worker {worker} doesn't read what it is told", { worker });
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
    // Without its link a worker is of no use; most often it is about to end.
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
   * Waits before a worker that died is replaced. Gives up only during the
   * start: later, whoever can make workers die, a client or a lack of file
   * descriptors, could otherwise end the server.
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
        `${maxDeathsAtStart} workers have died before all were ready: the log says why`,
      ),
    );
  }
}
