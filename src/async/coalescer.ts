/** Running work for one key. */
interface UnderWay {
  readonly done: Promise<void>;
  /** The single run that follows, shared by all later callers. */
  next: Promise<void> | undefined;
}

/**
 * Runs work per key, never twice at once for the same key. Calls during a run
 * share a single run after it, so the work must read for itself how much there
 * is to do.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const coalescer = new Coalescer();
 * let runs = 0;
 * const work = () => {
 *   runs += 1;
 *   return Promise.resolve();
 * };
 * await Promise.all([1, 2, 3, 4].map(() => coalescer.run("a", work)));
 * assertEquals(runs, 2); // the first call's run, and a run for the other three
 * ```
 */
export class Coalescer {
  readonly #underWay = new Map<string, UnderWay>();

  /** @throws {unknown} The error of the run that served this call. */
  run(key: string, work: () => Promise<void>): Promise<void> {
    const underWay = this.#underWay.get(key);
    if (underWay) {
      const again = () => this.run(key, work);
      return underWay.next ??= underWay.done.then(again, again);
    }
    const done = work().finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, { done, next: undefined });
    return done;
  }
}
