import type { Identity } from "../auth/identity.ts";
import type { Config } from "../config/config.ts";
import { closeCodes } from "../protocol/close_codes.ts";
import type { Connection } from "../connections/connection.ts";
import { jitteredRetryMs } from "../connections/retry.ts";

/** Closes a connection whose token could not be checked, where that decides: 1013. */
export function closeUnchecked(connection: Connection): void {
  connection.close(closeCodes.tryAgainLater, {
    code: "authentication_unavailable",
    message:
      "Authentication is required and cannot be checked now: try again later",
    retryAfterMs: jitteredRetryMs(),
  });
}

/**
 * Closes a connection that is not authenticated where `TASKWIRE_AUTH=required`:
 * 4401, or 1013 where its token could not be checked. The reason, if its token
 * has one, was sent before.
 *
 * @returns Whether it was closed.
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
