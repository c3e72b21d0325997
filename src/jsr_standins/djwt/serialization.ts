import { base64url } from "npm:jose@^6";

/**
 * Base64url as accepted by djwt: no whitespace, no characters of plain base64,
 * and up to two padding characters at the end, needed or not.
 */
const BASE64URL = /^(?:[\w-]{4})*(?:[\w-]{2,3})?={0,2}$/;

const decoder = new TextDecoder();

/** Removes the padding. */
function bare(part: string): string {
  if (!BASE64URL.test(part)) throw new SyntaxError("Not base64url");
  return part.replace(/=+$/, "");
}

function decodeBytes(part: string): Uint8Array {
  return base64url.decode(bare(part));
}

/** Most parts are ASCII, and `atob` is faster than a UTF-8 decoder. */
function decodeJson(part: string): unknown {
  const binary = atob(bare(part).replaceAll("-", "+").replaceAll("_", "/"));
  const isAscii = !/[\x80-\xff]/.test(binary);
  return JSON.parse(isAscii ? binary : decoder.decode(decodeBytes(part)));
}

/**
 * Encodes a value as a part of a token: its JSON in base64url (RFC 7515 §7.1).
 *
 * @param value The header or the claims.
 * @returns The part.
 */
export function encodeJson(value: unknown): string {
  return base64url.encode(JSON.stringify(value));
}

/**
 * Decodes a token in the compact serialization (RFC 7515 §7.1) **without**
 * verifying the signature.
 *
 * @param jwt The token.
 * @returns Header, payload and signature.
 * @throws {Error} If the serialization is invalid.
 */
export function decode<PayloadType = unknown>(
  jwt: string,
): [unknown, PayloadType, Uint8Array] {
  const [header, payload, signature, ...rest] = jwt.split(".");
  try {
    if (
      header === undefined || payload === undefined ||
      signature === undefined || rest.length > 0
    ) {
      throw new SyntaxError("Not three parts");
    }
    return [
      decodeJson(header),
      decodeJson(payload) as PayloadType,
      decodeBytes(signature),
    ];
  } catch (cause) {
    throw new Error("The serialization of the token is invalid", { cause });
  }
}
