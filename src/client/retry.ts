const minRetryMs = 500;
const maxRetryMs = 20_000;

/** Closes after which a client stays away (spec §1, 'Close codes'). */
const finalCodes = [1009, 4400, 4403, 4409];

/**
 * What to do after a close: come back, come back with another token, or stay
 * away.
 *
 * @param authStatus Who the server took the client for: a guest because of a
 * bad token, or one that could not be checked, may be a user the next time.
 * @param word The code of the error before the close.
 */
export function judgeClose(
  code: number,
  authStatus: string | undefined,
  word?: string,
): "retry" | "renew" | "stop" {
  // A stream of events just ends.
  if (word === "disconnected_by_operator") return "stop";
  if (code === 4401) return "renew";
  if (code === 4403 && authStatus === "invalid_token") return "renew";
  if (code === 4403 && authStatus === "auth_error") return "retry";
  return finalCodes.includes(code) ? "stop" : "retry";
}

/** How long to wait, in milliseconds: full jitter, so that not all come back at once. */
export function retryDelayMs(failures: number): number {
  return Math.random() * Math.min(maxRetryMs, minRetryMs * 2 ** failures);
}
