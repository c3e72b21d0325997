/**
 * Waits for a promise, for a time.
 *
 * @param timeoutMs In milliseconds.
 * @param signal Ends the waiting, too.
 * @throws {Error} When that is over; what the promise does later is not looked at.
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
