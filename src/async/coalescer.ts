/** Work on one key. */
interface UnderWay {
  readonly done: Promise<void>;
  /** Done afterwards, for all who have asked since. */
  next: Promise<void> | undefined;
}

/**
 * Work on many keys, on each one at a time. What is asked for while a key's
 * work is under way is done once, after it: the work is to find out by itself
 * what there is to do.
 */
export class Coalescer {
  readonly #underWay = new Map<string, UnderWay>();

  /** @throws {unknown} What the work throws, to those for whom it was done. */
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
