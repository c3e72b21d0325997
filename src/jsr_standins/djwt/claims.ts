/** The claims of a token (RFC 7519 §4.1), all optional. */
export interface Payload {
  iss?: string;
  sub?: string;
  aud?: string[] | string;
  exp?: number;
  nbf?: number;
  iat?: number;
  jti?: string;
  [key: string]: unknown;
}

/** Checks of {@linkcode verify} and {@linkcode validate} in addition to the signature. */
export type VerifyOptions = {
  /**
   * Seconds by which `exp` may have passed (RFC 7519 §4.1.4).
   *
   * @default {1}
   */
  expLeeway?: number;
  /**
   * Seconds by which `nbf` may lie ahead (RFC 7519 §4.1.5).
   *
   * @default {1}
   */
  nbfLeeway?: number;
  /**
   * True to accept expired tokens.
   *
   * @default {false}
   */
  ignoreExp?: boolean;
  /**
   * True to accept tokens before `nbf`.
   *
   * @default {false}
   */
  ignoreNbf?: boolean;
  /** The required audience; without this option, `aud` is not checked. */
  audience?: string | string[] | RegExp;
  /** Further conditions on the claims, checked after the signature. */
  predicates?: (<P extends Payload>(payload: P) => boolean)[];
};

/**
 * Checks `exp` and `nbf` against the clock (RFC 7519 §4.1.4, §4.1.5).
 *
 * @param payload The claims.
 * @param options The leeways and the claims to ignore.
 * @throws {RangeError} If the token is expired or is used too early.
 * @throws {Error} If either claim is not a number.
 */
export function validateTimingClaims(
  payload: Payload,
  { expLeeway = 1, nbfLeeway = 1, ignoreExp, ignoreNbf }: VerifyOptions = {},
): void {
  const { exp, nbf } = payload;
  for (const [name, value] of Object.entries({ exp, nbf })) {
    if (value !== undefined && typeof value !== "number") {
      throw new Error(`The claim '${name}' is not a number`);
    }
  }
  const now = Date.now() / 1000;
  if (exp !== undefined && ignoreExp !== true && exp + expLeeway < now) {
    throw new RangeError("The token is expired");
  }
  if (nbf !== undefined && ignoreNbf !== true && nbf - nbfLeeway > now) {
    throw new RangeError("The token is used too early");
  }
}

/**
 * Checks the audience of a token (RFC 7519 §4.1.3).
 *
 * @param aud The claim `aud`.
 * @param audience The name, the names or the pattern to find in it.
 * @throws {Error} If the claim is missing or malformed, or does not name the audience.
 */
export function validateAudClaim(
  aud: unknown,
  audience: Required<VerifyOptions>["audience"],
): void {
  const named: unknown = typeof aud === "string" ? [aud] : aud;
  if (
    !Array.isArray(named) || !named.every((name) => typeof name === "string")
  ) {
    throw new Error("The claim 'aud' is not a string or an array of strings");
  }
  const wanted = typeof audience === "string" ? [audience] : audience;
  const found = named.some((name) =>
    wanted instanceof RegExp ? wanted.test(name) : wanted.includes(name)
  );
  if (!found) throw new Error("The token is meant for another audience");
}
