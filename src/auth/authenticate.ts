import { log } from "../log/log.ts";
import type { Identity } from "./identity.ts";
import type { Verifier } from "./verifier.ts";

/**
 * Says who bears a token. Never rejects: a bad token, or a verifier that
 * fails, degrades the connection to a guest who is told why (spec §1).
 *
 * @param token `undefined` for a guest.
 * @param guestUserId The id that everyone has who is not authenticated.
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
    log.error("A token could not be checked: {error}", { error });
    return {
      status: "auth_error",
      userId: guestUserId,
      rejection: {
        code: "verifier_unavailable",
        message:
          "The token could not be checked, which is the server's fault and not the token's: try again later",
      },
    };
  }
}
