/** After this time, what should be so sometime is not. */
const deadlineMs = 30_000;

/** The pause between two looks, in milliseconds. */
const pauseMs = 20;

/**
 * Looks again and again: for what becomes so between processes, of which no
 * client is told.
 *
 * @throws {Error} When it takes too long.
 */
export async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while (!await isSo()) {
    if (Date.now() > deadline) throw new Error(`Not so in ${deadlineMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
