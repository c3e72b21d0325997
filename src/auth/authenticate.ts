import { log } from "../log/log.ts";
import type { Identity } from "./identity.ts";
import type { Verifier } from "./verifier.ts";

/**
 * Identifies the bearer of a token. Never rejects: after a bad token or a
 * failure of the verifier, the client is a guest and receives the reason
 * (spec §1).
 *
 * @param token `undefined` for a guest.
 * @param guestUserId The user id of all unauthenticated clients.
 */
export async function authenticate(
  token: string | undefined,
  verifier: Verifier,
  guestUserId: string,
): Promise<Identity> {
  if (token === undefined) return { status: "guest", userId: guestUserId };
  try {
    const verdict = await verifier.verify(token);
    if (!verdict.ok) {
      const { rejection } = verdict;
      return {
        status: rejection.code === "verifier_unavailable"
          ? "auth_error"
          : "invalid_token",
        userId: guestUserId,
        rejection,
      };
    }
    const { grant } = verdict;
    if (grant.userId === undefined) {
      return {
        status: "invalid_token",
        userId: guestUserId,
        rejection: {
          code: "token_without_user",
          message:
            "The token names no user: give it a 'sub' (or 'user_id') that is a string of 1 to 256 characters or a whole number up to 2^53",
        },
      };
    }
    return { status: "authenticated", userId: grant.userId, grant };
  } catch (error) {
    log.error("Cannot verify a token: {error}", { error });
    return {
      status: "auth_error",
      userId: guestUserId,
      rejection: {
        code: "verifier_unavailable",
        message:
          "The server failed to verify the token, which may be valid: try again later",
      },
    };
  }
}
