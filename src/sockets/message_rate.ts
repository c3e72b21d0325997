/** A message counts once for each so many bytes of it that have begun. */
const bytesPerMessage = 16_384;

/**
 * A token bucket: so many messages a second, and a burst of twice that. A large
 * message counts as several, since reading it is more work; but never as more
 * than a burst, so that one that is allowed at all can be sent.
 *
 * @param perSecond 0 for no limit.
 * @returns A function that counts one message by its size, and says whether it
 * is within the rate.
 */
export function createMessageRate(
  perSecond: number,
): (bytes: number) => boolean {
  if (perSecond === 0) return () => true;
  const burst = 2 * perSecond;
  let tokens = burst;
  let countedAtMs = performance.now();
  return (bytes) => {
    const now = performance.now();
    const earned = (now - countedAtMs) / 1000 * perSecond;
    tokens = Math.min(burst, tokens + earned);
    countedAtMs = now;
    const cost = Math.ceil(bytes / bytesPerMessage);
    const needed = Math.min(burst, Math.max(1, cost));
    if (tokens < needed) return false;
    tokens -= needed;
    return true;
  };
}
