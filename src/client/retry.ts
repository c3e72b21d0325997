import { finalErrors } from "../protocol/error_codes.ts";

const minRetryMs = 500;
const maxRetryMs = 20_000;

/**
 * Returns the close code intended by the server: the code of its last error if
 * the error is final, otherwise the received code.
 *
 * @param word The code of the error before the close.
 */
export function meantClose(code: number, word: string = ""): number {
  return finalErrors[word] ?? code;
}

/** Returns the delay before a retry in milliseconds, with full jitter to spread the clients. */
export function retryDelayMs(failures: number): number {
  return Math.random() * Math.min(maxRetryMs, minRetryMs * 2 ** failures);
}
