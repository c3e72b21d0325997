/** After this time, what a test waits for does not happen, and it fails instead of hanging. */
const deadlineMs = 30_000;

/**
 * Waits for a promise, for a time.
 *
 * @param describe What is so instead, for the error.
 * @throws {Error} When it takes too long.
 */
export async function deadline<T>(
  promise: Promise<T>,
  describe: () => string,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const overdue = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`Not in ${deadlineMs} ms: ${describe()}`)),
      deadlineMs,
    );
  });
  try {
    return await Promise.race([promise, overdue]);
  } finally {
    clearTimeout(timer);
  }
}
