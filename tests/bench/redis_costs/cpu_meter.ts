import { cpuMicroseconds } from "../growth/pinned.ts";

/** Processor time per process, in microseconds. */
export type Times = readonly number[];

/**
 * Measures the processor time of work, minus the idle load of the processes.
 */
export class CpuMeter {
  readonly #pids: readonly number[];
  /** Microseconds of processor time per idle millisecond. */
  #resting: Times;

  constructor(pids: readonly number[]) {
    this.#pids = pids;
    this.#resting = pids.map(() => 0);
  }

  /**
   * Measures the idle load of the processes, to be subtracted from now on.
   *
   * @returns The processor time per second.
   */
  async rest(durationMs: number): Promise<Times> {
    this.#resting = this.#pids.map(() => 0);
    const startedAt = performance.now();
    const times = await this.measure(() =>
      new Promise<void>((resolve) => setTimeout(resolve, durationMs))
    );
    const tookMs = performance.now() - startedAt;
    this.#resting = times.map((time) => time / tookMs);
    return this.#resting.map((rate) => rate * 1_000);
  }

  /** Measures the processor time of work. */
  async measure(work: () => Promise<unknown>): Promise<Times> {
    const startedAt = performance.now();
    const before = this.#pids.map(cpuMicroseconds);
    await work();
    const tookMs = performance.now() - startedAt;
    return this.#pids.map((pid, index) =>
      cpuMicroseconds(pid) - (before[index] ?? 0) -
      (this.#resting[index] ?? 0) * tookMs
    );
  }
}
