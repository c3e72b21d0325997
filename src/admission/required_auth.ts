import type { Identity } from "../auth/identity.ts";
import type { Config } from "../config/config.ts";
import { closeCodes } from "../protocol/close_codes.ts";
import type { Connection } from "../connections/connection.ts";
import { jitteredRetryMs } from "../connections/retry.ts";

/** Closes a connection with 1013 if a required token could not be checked. */
export function closeUnchecked(connection: Connection): void {
  connection.close(closeCodes.tryAgainLater, {
    code: "authentication_unavailable",
    message:
      "Authentication is required and cannot be checked now: try again later",
    retryAfterMs: jitteredRetryMs(),
  });
}

/**
 * Closes an unauthenticated connection if `TASKWIRE_AUTH=required`: with 4401,
 * or with 1013 if the token could not be checked. The reason for a rejected
 * token was sent before.
 *
 * @returns True if the connection was closed.
 */
export function closeUnauthenticated(
  connection: Connection,
  { status }: Identity,
  { auth }: Config,
): boolean {
  if (auth !== "required" || status === "authenticated") return false;
  if (status === "auth_error") {
    closeUnchecked(connection);
  } else {
    connection.close(closeCodes.unauthorized, {
      code: "authentication_required",
      message:
        "This server requires authentication: connect again with a valid token, as ?token=, by the subprotocols 'bearer, <token>', or in an Authorization header",
    });
  }
  return true;
}
