import { ErrorReply } from "@redis/client";
import { StoreOpenError, StoreUnavailableError } from "../tasks/store.ts";

/**
 * Error replies during a change of roles or a restart: a new connection may
 * find a server that works.
 */
const awayCodes =
  /\b(?:LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|UNBLOCKED|MOVED|ASK|max number of clients)\b/;

/**
 * Error replies while Redis refuses writes, or all commands, until an operator
 * acts.
 */
const refusalCodes = /\b(?:OOM|MISCONF|NOREPLICAS|BUSY)\b/;

/** Error replies to a user without permission, also from scripts. */
const permissionCodes = /\bNOPERM\b|The user executing the script can't/;

/**
 * Translates an error of the client: Redis is unreachable, or refuses. Other
 * errors are bugs and are returned unchanged.
 *
 * @param onAway Makes the error for an unreachable Redis.
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

/** True if Redis is reachable but refuses for now: an operator must act. */
export function isRefusal(error: unknown): boolean {
  return error instanceof ErrorReply && refusalCodes.test(error.message);
}

/** True if connecting again would fail with the same error. */
export function isMisconfigured(error: unknown): boolean {
  if (error instanceof ErrorReply) {
    return !awayCodes.test(error.message) && !isRefusal(error);
  }
  return error instanceof StoreOpenError ||
    (error instanceof Error && /certificate/i.test(error.message));
}

/** Makes an {@linkcode isMisconfigured} error understandable to an operator. */
export function asStoreOpenError(error: unknown): StoreOpenError {
  if (error instanceof StoreOpenError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const fault = /^(?:WRONGPASS|NOAUTH)\b/.test(message)
    ? "Redis rejected the user or password"
    : /self-signed|UnknownIssuer/.test(message)
    ? "Redis's certificate is not trusted: set DENO_CERT to the file with its certificate authority"
    : "Redis refused the connection";
  return new StoreOpenError(`${fault}: ${message}`, { cause: error });
}
