/** How a connection stands with the server, as `connected` says it (spec §1). */
export type AuthStatus =
  | "guest"
  | "authenticated"
  | "invalid_token"
  | "auth_error";

/** Why a token was not accepted (spec §1, 'Why a token was not accepted'). */
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

/** A reason, and what the developer who meets it should do. */
export interface TokenRejection {
  readonly code: TokenRejectionCode;
  /** Never repeats the token or a key. */
  readonly message: string;
}

/** What a verified token says about its bearer. */
export interface Grant {
  /** The `sub` claim (else `user_id`) as text; absent for a backend's token that only has a scope. */
  readonly userId?: string;
  /** The words of the `scope` claim (RFC 8693 §4.2). */
  readonly scopes: ReadonlySet<string>;
  /** The `tasks` claim: ids, or prefixes ending in `*`; absent for no such limit. */
  readonly tasks?: readonly string[];
  /** The `exp` claim, in ms since 1970; absent for a token that does not expire. */
  readonly expiresAtMs?: number;
}

/** Who the server takes a connection for. */
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

/** Whether somebody came with a token that had ended. */
export function isExpired(identity: Identity): boolean {
  return "rejection" in identity &&
    identity.rejection.code === "token_expired";
}

/** Who a client is whose token has ended. */
export function expired(guestUserId: string): Identity {
  return {
    status: "invalid_token",
    userId: guestUserId,
    rejection: {
      code: "token_expired",
      message:
        "The token has expired: send a new one in an auth frame, or connect again with it",
    },
  };
}
