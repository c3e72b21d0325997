/** How many there are of each key; a key of which there is none takes no memory. */
export class KeyedCounter {
  readonly #counts = new Map<string, number>();

  /** How many there are of a key. */
  of(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  /** One more. */
  add(key: string): void {
    this.#counts.set(key, this.of(key) + 1);
  }

  /** One less. */
  remove(key: string): void {
    const rest = this.of(key) - 1;
    if (rest > 0) this.#counts.set(key, rest);
    else this.#counts.delete(key);
  }
}
