/**
 * Waits for a promise, but no longer than a timeout.
 *
 * @example
 * ```ts
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * assertEquals(await deadline(Promise.resolve("answer"), 1_000), "answer");
 * await assertRejects(
 *   () => deadline(new Promise(() => {}), 5),
 *   Error,
 *   "No answer within 5 ms",
 * );
 * ```
 *
 * @param timeoutMs In milliseconds.
 * @param signal Stops the waiting as well.
 * @throws {Error} On timeout or abort; a later result of the promise is
 * ignored.
 */
export async function deadline<T>(
  promise: Promise<T>,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<T> {
  const { promise: over, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`No answer within ${timeoutMs} ms`)),
    timeoutMs,
  );
  const onAbort = () => reject(signal?.reason);
  signal?.addEventListener("abort", onAbort);
  if (signal?.aborted) onAbort();
  try {
    return await Promise.race([promise, over]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}
