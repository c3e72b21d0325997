import { ErrorReply } from "@redis/client";

/** Redis can't be used with these settings; the message says how to fix them. */
export class RedisOpenError extends Error {
  override readonly name = "RedisOpenError";
}

/** Redis can't be reached, or refuses, for now. */
export class RedisUnavailableError extends Error {
  override readonly name: string = "RedisUnavailableError";
}

/** The connection is lost; a call may have been carried out. */
export class RedisDisconnectedError extends RedisUnavailableError {
  override readonly name = "RedisDisconnectedError";

  /** @param restored Resolves when there is a connection again. */
  constructor(message: string, readonly restored: Promise<void>) {
    super(message);
  }
}

/**
 * Error replies during a change of roles or a restart: a new connection may
 * find a server that works.
 */
const awayCodes =
  /\b(?:LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|UNBLOCKED|MOVED|ASK|max number of clients)\b/;

/** Error replies while Redis refuses commands until an operator acts. */
const refusalCodes = /\b(?:OOM|MISCONF|NOREPLICAS|BUSY)\b/;

/** Error replies to a user without permission, also from scripts. */
const permissionCodes = /\bNOPERM\b|The user executing the script can't/;

/**
 * Translates an error of the client: Redis is unreachable, or refuses. Other
 * errors are bugs and are returned unchanged.
 *
 * @param onAway Makes the error for an unreachable Redis.
 */
export function asUnavailable(
  error: unknown,
  onAway: (cause: Error) => Error,
): unknown {
  const cause = error instanceof Error ? error : new Error(String(error));
  if (error instanceof RedisUnavailableError) return error;
  if (!(error instanceof ErrorReply) || awayCodes.test(error.message)) {
    return onAway(cause);
  }
  return isRefusal(error) || permissionCodes.test(error.message)
    ? new RedisUnavailableError(`Redis refuses: ${error.message}`, { cause })
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
  return error instanceof RedisOpenError ||
    (error instanceof Error && /certificate/i.test(error.message));
}

/** Makes an {@linkcode isMisconfigured} error understandable to an operator. */
export function asOpenError(error: unknown): RedisOpenError {
  if (error instanceof RedisOpenError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const fault = /^(?:WRONGPASS|NOAUTH)\b/.test(message)
    ? "Redis rejected the user or password"
    : /self-signed|UnknownIssuer/.test(message)
    ? "Redis's certificate is not trusted: set DENO_CERT to the file with its certificate authority"
    : "Redis refused the connection";
  return new RedisOpenError(`${fault}: ${message}`, { cause: error });
}
