import { cpuMicroseconds } from "../growth/pinned.ts";

/** Processor time of each process, in microseconds. */
export type Times = readonly number[];

/** Measures what work costs several processes, without what they do anyhow. */
export class CpuMeter {
  readonly #pids: readonly number[];
  /** Microseconds of processor time in a millisecond of rest. */
  #resting: Times;

  constructor(pids: readonly number[]) {
    this.#pids = pids;
    this.#resting = pids.map(() => 0);
  }

  /**
   * Looks at what the processes do while nobody asks anything of them; that
   * doesn't count from now on.
   *
   * @returns Their processor time in a second.
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

  /** The processor time that work takes. */
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
