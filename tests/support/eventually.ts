/** The time limit for a condition. */
const deadlineMs = 30_000;

/** The pause between two looks, in milliseconds. */
const pauseMs = 20;

/**
 * Polls a condition, for changes between processes without a notification.
 *
 * @throws {Error} After the time limit.
 */
export async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while (!await isSo()) {
    if (Date.now() > deadline) throw new Error(`Not so in ${deadlineMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
