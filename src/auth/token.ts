/** The subprotocol that precedes a token in an offer; also the server's answer. */
export const bearerProtocol = "bearer";

/** The parsed `Sec-WebSocket-Protocol` header of a handshake. */
export interface OfferedProtocols {
  /** The token after `bearer`, if any. */
  readonly token?: string;
  /** The subprotocol to answer with, or `undefined` to answer with none. */
  readonly selected?: string;
}

/**
 * Three base64url parts (RFC 7515 §7.1), the first beginning with `{`. Such an
 * offer is a token and is never sent back.
 */
const compactJws = /^e[yw][\w-]*\.[\w-]*\.[\w-]*$/;

/**
 * Reads the subprotocols that a client offers (RFC 6455 §11.3.4).
 *
 * `bearer, <token>` carries a token outside the URL. For all further offers,
 * the answer is the first name, unless the name looks like a token. An answer
 * is necessary because browsers and Node's `ws` otherwise drop the connection.
 *
 * @param header The header's value, or `undefined` without one.
 */
export function parseOfferedProtocols(
  header: string | undefined,
): OfferedProtocols {
  if (header === undefined) return {};
  const offered = header.split(",").map((name) => name.trim())
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
 * @returns `undefined` without the header, or for a different scheme.
 */
export function bearerCredential(
  header: string | undefined,
): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(header ?? "")?.[1];
}

/** The possible places of a token in a handshake. */
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
 * subprotocol, then the header. An empty token counts as absent (spec §1).
 */
export function selectToken(
  { query, protocol, authorization }: OfferedTokens,
): string | undefined {
  return query || protocol || bearerCredential(authorization);
}
