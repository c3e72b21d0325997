/** Time limit of a test's wait. After the limit the test fails instead of hanging. */
const deadlineMs = 30_000;

/**
 * Waits for a promise, up to a limit.
 *
 * @param describe Describes the actual state, for the error.
 * @throws {Error} After the time limit.
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
