const minRetryMs = 500;
const maxRetryMs = 20_000;

/** Closes after which a client stays away (spec §1, 'Close codes'). */
const finalCodes = [1009, 4400, 4403, 4409];

/**
 * What to do after a close: come back, come back with another token, or stay
 * away.
 *
 * @param word The code of the error before the close.
 */
export function judgeClose(
  code: number,
  word?: string,
): "retry" | "renew" | "stop" {
  // A stream of events just ends.
  if (word === "disconnected_by_operator") return "stop";
  if (code === 4401) return "renew";
  return finalCodes.includes(code) ? "stop" : "retry";
}

/** How long to wait, in milliseconds: full jitter, so that not all come back at once. */
export function retryDelayMs(failures: number): number {
  return Math.random() * Math.min(maxRetryMs, minRetryMs * 2 ** failures);
}
