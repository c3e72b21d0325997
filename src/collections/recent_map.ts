/**
 * A map of bounded size that forgets the entries unused for longest. The map
 * has two halves: when the newer half is full, the older half is dropped. (A
 * single map in order of use would have to skip, for each eviction, all holes
 * left by deleted entries.)
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const map = new RecentMap<{ age: number }>(4);
 * for (const key of ["a", "b", "c"]) map.set(key, { age: 1 });
 * map.get("a"); // used, so kept
 * map.set("d", { age: 1 });
 * assertEquals(map.get("a"), { age: 1 });
 * assertEquals(map.get("b"), undefined);
 * ```
 */
export class RecentMap<Value extends object> {
  #recent = new Map<string, Value>();
  #older = new Map<string, Value>();
  readonly #maxRecent: number;

  /** @param maxEntries The most entries kept; at least half are kept. */
  constructor(maxEntries: number) {
    this.#maxRecent = maxEntries / 2;
  }

  /** The number of entries. */
  get size(): number {
    return this.#recent.size + this.#older.size;
  }

  /** Returns an entry, and marks the entry as recently used. */
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

  /** Deletes an entry, if present. */
  delete(key: string): void {
    this.#recent.delete(key);
    this.#older.delete(key);
  }

  /** Deletes all entries. */
  clear(): void {
    this.#recent.clear();
    this.#older.clear();
  }
}
