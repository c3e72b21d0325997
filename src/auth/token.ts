/** The subprotocol that announces a token beside it, and that the server answers with. */
export const bearerProtocol = "bearer";

/** What a handshake's `Sec-WebSocket-Protocol` header amounts to. */
export interface OfferedProtocols {
  /** The token that follows `bearer`, if there is one. */
  readonly token?: string;
  /** The subprotocol to answer with, or `undefined` to answer with none. */
  readonly selected?: string;
}

/**
 * Three base64url parts (RFC 7515 §7.1), the first of which begins with `{`:
 * such an offer is a token and is never sent back.
 */
const compactJws = /^e[yw][\w-]*\.[\w-]*\.[\w-]*$/;

/**
 * Reads the subprotocols that a client offers (RFC 6455 §11.3.4).
 *
 * `bearer, <token>` carries a token outside the URL. Any other offer is
 * answered with the first name in it, because browsers and Node's `ws` drop a
 * connection whose offer is left unanswered, unless that name looks like a
 * token.
 *
 * @param header The header's value, or `undefined` without one.
 */
export function parseOfferedProtocols(
  header: string | undefined,
): OfferedProtocols {
  const offered = (header ?? "").split(",").map((name) => name.trim())
    .filter((name) => name !== "");
  const bearer = offered.indexOf(bearerProtocol);
  if (bearer !== -1) {
    const token = offered[bearer + 1];
    return token === undefined
      ? { selected: bearerProtocol }
      : { selected: bearerProtocol, token };
  }
  const selected = offered.find((name) => !compactJws.test(name));
  return selected === undefined ? {} : { selected };
}

/**
 * Reads the credential of an `Authorization` header (RFC 6750 §2.1).
 *
 * @returns `undefined` for a header of another scheme, or none.
 */
export function bearerCredential(
  header: string | undefined,
): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(header ?? "")?.[1];
}

/** The places of a handshake that may carry a token. */
export interface OfferedTokens {
  /** The query parameter `token`. */
  readonly query: string | undefined;
  /** The subprotocol after `bearer`. */
  readonly protocol: string | undefined;
  /** The `Authorization` header. */
  readonly authorization: string | undefined;
}

/**
 * Selects the token of a handshake: the query parameter wins, then the
 * subprotocol, then the header. An empty one counts as none (spec §1).
 */
export function selectToken(
  { query, protocol, authorization }: OfferedTokens,
): string | undefined {
  return query || protocol || bearerCredential(authorization);
}
