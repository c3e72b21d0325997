/**
 * The number of bytes covered by one message of the rate; larger messages count
 * as several.
 */
const bytesPerMessage = 16_384;

/**
 * Creates a token bucket: a number of messages per second, with bursts of twice
 * the number. A large message counts as several messages, since reading takes
 * longer, but at most as a full burst: a message of permitted size can always
 * be sent.
 *
 * @param perSecond 0 turns the limit off.
 * @returns A function that counts a message by size; true if the message is
 * within the rate.
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
