/**
 * Makes a value on the first call and returns the same value from then on.
 * Concurrent calls share one attempt. A failed attempt is not kept: the next
 * call tries again.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * let made = 0;
 * const once = makeOnce(() => Promise.resolve(made += 1));
 * assertEquals(await Promise.all([once(), once()]), [1, 1]);
 * ```
 */
export function makeOnce<T>(make: () => Promise<T>): () => Promise<T> {
  let making: Promise<T> | undefined;
  return async () => {
    try {
      return await (making ??= make());
    } catch (error) {
      making = undefined;
      throw error;
    }
  };
}
