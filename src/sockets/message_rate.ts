/**
 * A token bucket: so many messages a second, and a burst of twice that.
 *
 * @param perSecond 0 for no limit.
 * @returns A function that counts one message and says whether it is within the rate.
 */
export function createMessageRate(perSecond: number): () => boolean {
  if (perSecond === 0) return () => true;
  const burst = 2 * perSecond;
  let tokens = burst;
  let countedAtMs = performance.now();
  return () => {
    const now = performance.now();
    const earned = (now - countedAtMs) / 1000 * perSecond;
    tokens = Math.min(burst, tokens + earned);
    countedAtMs = now;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}
