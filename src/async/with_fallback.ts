/**
 * Waits for a promise, for a time.
 *
 * @param timeoutMs In milliseconds.
 * @returns What it resolves to, or what stands for it when the time is over.
 * @throws {unknown} What it rejects with in time; later nobody is told.
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
