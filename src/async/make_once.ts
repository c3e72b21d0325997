/**
 * Makes a value on the first call and returns the same value from then on.
 * Concurrent calls share one attempt. A failed attempt is not kept: the next
 * call tries again.
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
