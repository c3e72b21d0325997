import {
  reconnectPolicies,
  type ReconnectPolicy,
} from "../protocol/close_codes.ts";
import { closingErrors } from "../protocol/error_codes.ts";

const minRetryMs = 500;
const maxRetryMs = 20_000;

/**
 * Returns the close code that the server meant: that of its last error if the
 * error always precedes a close, otherwise the received code.
 *
 * @param word The code of the error before the close.
 */
export function meantClose(code: number, word: string = ""): number {
  return closingErrors[word] ?? code;
}

/**
 * Decides how to go on after a close: come back, come back with another token, or
 * stay away.
 */
export function judgeClose(code: number): "retry" | ReconnectPolicy {
  return reconnectPolicies[code] ?? "retry";
}

/** How long to wait, in milliseconds: full jitter, so that not all come back at once. */
export function retryDelayMs(failures: number): number {
  return Math.random() * Math.min(maxRetryMs, minRetryMs * 2 ** failures);
}
