/**
 * A map that keeps what was set or got last, and forgets the rest: two halves,
 * of which the older is dropped when the newer is full. (One map in order of
 * use would be searched for its oldest entry through all the holes that
 * deleting leaves.)
 */
export class RecentMap<Value extends object> {
  #recent = new Map<string, Value>();
  #older = new Map<string, Value>();
  readonly #maxRecent: number;

  /** @param maxEntries The most entries that are kept; half of them are kept at least. */
  constructor(maxEntries: number) {
    this.#maxRecent = maxEntries / 2;
  }

  /** How many there are. */
  get size(): number {
    return this.#recent.size + this.#older.size;
  }

  /** An entry, which by that is one of the newest. */
  get(key: string): Value | undefined {
    const recent = this.#recent.get(key);
    if (recent !== undefined) return recent;
    const older = this.#older.get(key);
    if (older !== undefined) this.set(key, older);
    return older;
  }

  /** Sets an entry. */
  set(key: string, value: Value): void {
    this.#older.delete(key);
    this.#recent.set(key, value);
    if (this.#recent.size < this.#maxRecent) return;
    this.#older = this.#recent;
    this.#recent = new Map();
  }

  /** Deletes an entry; harmless when repeated. */
  delete(key: string): void {
    this.#recent.delete(key);
    this.#older.delete(key);
  }

  /** Deletes all of them. */
  clear(): void {
    this.#recent.clear();
    this.#older.clear();
  }
}
