/**
 * Waits for a promise, and uses a fallback on timeout.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const silence = new Promise<number>(() => {});
 * assertEquals(await withFallback(silence, 5, 0), 0);
 * ```
 *
 * @param timeoutMs In milliseconds.
 * @returns The promise's value, or the fallback after the timeout.
 * @throws {unknown} The promise's error. After the timeout errors are ignored.
 */
export async function withFallback<T, U>(
  promise: Promise<T>,
  timeoutMs: number,
  fallback: U,
): Promise<T | U> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<U>((resolve) => {
    timer = setTimeout(() => resolve(fallback), timeoutMs);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
