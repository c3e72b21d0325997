import { ErrorReply } from "@redis/client";
import { StoreOpenError, StoreUnavailableError } from "../tasks/store.ts";

/** What Redis answers while it is not what it was: another connection may find what is. */
const awayCodes =
  /\b(?:LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|UNBLOCKED|MOVED|ASK|max number of clients)\b/;

/** What it answers while it takes no writes, or nothing, until it is cared for. */
const refusalCodes = /\b(?:OOM|MISCONF|NOREPLICAS|BUSY)\b/;

/** What it answers to a user who may not do that, in a script as well. */
const permissionCodes = /\bNOPERM\b|The user executing the script can't/;

/**
 * What an error of the client means: that Redis is away, that it refuses, or a
 * fault of ours, which is left as it is.
 *
 * @param onAway Makes the error where it is away.
 */
export function asStoreError(
  error: unknown,
  onAway: (cause: Error) => Error,
): unknown {
  const cause = error instanceof Error ? error : new Error(String(error));
  if (error instanceof StoreUnavailableError) return error;
  if (!(error instanceof ErrorReply) || awayCodes.test(error.message)) {
    return onAway(cause);
  }
  return isRefusal(error) || permissionCodes.test(error.message)
    ? new StoreUnavailableError(`Redis refuses: ${error.message}`, { cause })
    : error;
}

/** Whether Redis is there, but refuses for now: an operator has to do something. */
export function isRefusal(error: unknown): boolean {
  return error instanceof ErrorReply && refusalCodes.test(error.message);
}

/** Whether an error would come again however often one connects. */
export function isMisconfigured(error: unknown): boolean {
  if (error instanceof ErrorReply) {
    return !awayCodes.test(error.message) && !isRefusal(error);
  }
  return error instanceof StoreOpenError ||
    (error instanceof Error && /certificate/i.test(error.message));
}

/** What to tell who set up what {@linkcode isMisconfigured} says. */
export function asStoreOpenError(error: unknown): StoreOpenError {
  if (error instanceof StoreOpenError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const fault = /^(?:WRONGPASS|NOAUTH)\b/.test(message)
    ? "Redis wants another user or password"
    : /self-signed|UnknownIssuer/.test(message)
    ? "Redis's certificate is not trusted, unless DENO_CERT names the file with its authority"
    : "Redis can't be used as it is set up";
  return new StoreOpenError(`${fault}: ${message}`, { cause: error });
}
