import {
  reconnectPolicies,
  type ReconnectPolicy,
} from "../protocol/close_codes.ts";
import { closingErrors } from "../protocol/error_codes.ts";

const minRetryMs = 500;
const maxRetryMs = 20_000;

/**
 * Returns the close code intended by the server: the code of its last error if
 * the error always precedes a close, otherwise the received code.
 *
 * @param word The code of the error before the close.
 */
export function meantClose(code: number, word: string = ""): number {
  return closingErrors[word] ?? code;
}

/** Returns the reaction to a close: retry, retry with a new token, or stop. */
export function policyOfClose(code: number): "retry" | ReconnectPolicy {
  return reconnectPolicies[code] ?? "retry";
}

/** Returns the delay before a retry in milliseconds, with full jitter to spread the clients. */
export function retryDelayMs(failures: number): number {
  return Math.random() * Math.min(maxRetryMs, minRetryMs * 2 ** failures);
}
