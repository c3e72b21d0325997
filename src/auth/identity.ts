import type { TaskLimits } from "../tasks/task_limits.ts";

/** The authentication status in the `connected` frame (spec §1). */
export type AuthStatus =
  | "guest"
  | "authenticated"
  | "invalid_token"
  | "auth_error";

/** The reason for rejecting a token (spec §1, 'Why a token was not accepted'). */
export type TokenRejectionCode =
  | "token_malformed"
  | "token_expired"
  | "token_not_yet_valid"
  | "token_bad_signature"
  | "token_wrong_algorithm"
  | "token_wrong_issuer"
  | "token_wrong_audience"
  | "token_without_user"
  | "token_unknown_key"
  | "verifier_unavailable";

/** The reason for a rejection, and advice for the developer. */
export interface TokenRejection {
  readonly code: TokenRejectionCode;
  /** Never contains the token or a key. */
  readonly message: string;
}

/**
 * The rights of a verified token's bearer. The `tasks` and `labels` claims limit
 * the API to the covered tasks; see `mayWatch` for watchers.
 */
export interface Grant extends TaskLimits {
  /** The `sub` claim (otherwise `user_id`) as text; absent for a backend's token with only a scope. */
  readonly userId?: string;
  /** The words of the `scope` claim (RFC 8693 §4.2). */
  readonly scopes: ReadonlySet<string>;
  /** The `exp` claim, in ms since 1970; absent if the token never expires. */
  readonly expiresAtMs?: number;
}

/** The identity of a connection. */
export type Identity =
  | { readonly status: "guest"; readonly userId: string }
  | {
    readonly status: "authenticated";
    readonly userId: string;
    readonly grant: Grant;
  }
  | {
    readonly status: "invalid_token" | "auth_error";
    readonly userId: string;
    readonly rejection: TokenRejection;
  };

/** True if the client presented an expired token. */
export function isExpired(identity: Identity): boolean {
  return "rejection" in identity &&
    identity.rejection.code === "token_expired";
}

/** The identity of a client with an expired token. */
export function expired(guestUserId: string): Identity {
  return {
    status: "invalid_token",
    userId: guestUserId,
    rejection: {
      code: "token_expired",
      message:
        "The token has expired: send a new token in an auth frame, or connect again with a new token",
    },
  };
}
