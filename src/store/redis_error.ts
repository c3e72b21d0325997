import { ErrorReply } from "@redis/client";
import {
  type StoreDisconnectedError,
  StoreOpenError,
  StoreUnavailableError,
} from "./store.ts";

/** What Redis answers while it is not what it was: another connection may find what is. */
const awayCodes =
  /\b(?:LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|UNBLOCKED)\b/;

/** What it answers where an operator has to do something. */
const refusalCodes = /\b(?:OOM|MISCONF|NOREPLICAS|NOPERM|BUSY)\b/;

/**
 * What an error of the client means: that Redis is away, that it refuses, or a
 * fault of ours, which is left as it is.
 *
 * @param onAway Makes the error where it is away.
 */
export function asStoreError(
  error: unknown,
  onAway: (cause: Error) => StoreDisconnectedError,
): unknown {
  const cause = error instanceof Error ? error : new Error(String(error));
  if (error instanceof StoreUnavailableError) return error;
  if (!(error instanceof ErrorReply) || awayCodes.test(error.message)) {
    return onAway(cause);
  }
  return refusalCodes.test(error.message)
    ? new StoreUnavailableError(`Redis refuses: ${error.message}`, { cause })
    : error;
}

/** Whether an error would come again however often one connects. */
export function isMisconfigured(error: unknown): boolean {
  if (error instanceof ErrorReply) return !awayCodes.test(error.message);
  return error instanceof StoreOpenError ||
    (error instanceof Error && /certificate/i.test(error.message));
}
