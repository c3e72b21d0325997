/** Counts per key; keys with a count of 0 take no memory. */
export class KeyedCounter {
  readonly #counts = new Map<string, number>();

  /** Returns the count of a key. */
  of(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  /** Adds 1 to the count of a key. */
  add(key: string): void {
    this.#counts.set(key, this.of(key) + 1);
  }

  /** Subtracts 1 from the count of a key. */
  remove(key: string): void {
    const rest = this.of(key) - 1;
    if (rest > 0) this.#counts.set(key, rest);
    else this.#counts.delete(key);
  }
}
