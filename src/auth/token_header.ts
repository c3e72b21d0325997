import { Buffer } from "node:buffer";
import { Rejected } from "./claims.ts";

/** The unverified header of a token. */
export interface TokenHeader {
  readonly alg: string;
  /** The name of the key (RFC 7515 §4.1.4). */
  readonly kid?: string;
}

/** JSON is UTF-8; a token with invalid UTF-8 must be rejected (RFC 7519 §7.2, steps 3 and 10). */
const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * A part in base64url (RFC 4648 §5), with padding, half the padding, or none.
 * djwt would also accept excess padding and so many spellings of a token.
 */
const part = "((?:[\\w-]{4})*(?:[\\w-]{2}={0,2}|[\\w-]{3}=?)?)";

/** RFC 7515 §7.1. */
const compactForm = new RegExp(`^${part}\\.${part}\\.${part}$`);

/** The last header read: the same for all tokens of an issuer's key. */
let lastHeader:
  | { readonly part: string; readonly header: TokenHeader }
  | undefined;

/** The size limit for a token, in characters, similar to the limit for HTTP headers. */
const maxTokenLength = 16_384;

/**
 * Reads the header of a well-formed token (RFC 7515 §4.1.1, §4.1.4 and §4.1.11;
 * RFC 7519 §7.2). Ignores keys in the header (`jwk`, `jku`, `x5c`, `x5u`),
 * because an attacker can write them.
 *
 * @throws {Rejected} `token_malformed`.
 */
export function parseHeader(token: string): TokenHeader {
  if (token.length > maxTokenLength) {
    throw malformed(`The token is longer than ${maxTokenLength} characters`);
  }
  const [, headerPart = "", payloadPart = ""] = compactForm.exec(token) ?? [];
  if (headerPart !== lastHeader?.part) {
    lastHeader = {
      // A copy: the part of a token keeps the whole token in memory.
      part: Buffer.from(headerPart, "latin1").toString("latin1"),
      header: checkHeader(decodePart(headerPart)),
    };
  }
  const payload = decodePart(payloadPart);
  if (!isRecord(payload)) {
    throw malformed("The token's claims are not a JSON object");
  }
  for (const claim of ["exp", "nbf"]) {
    if (payload[claim] !== undefined && !Number.isFinite(payload[claim])) {
      throw malformed(
        `The token's '${claim}' is not a number of seconds since 1970 (RFC 7519 §2, NumericDate)`,
      );
    }
  }
  return lastHeader.header;
}

function checkHeader(header: unknown): TokenHeader {
  if (!isRecord(header) || typeof header.alg !== "string") {
    throw malformed("The token's header is not a JSON object with an 'alg'");
  }
  const { alg, kid, crit } = header;
  if (crit !== undefined) {
    throw malformed(
      "The token's header demands extensions by 'crit', and the server knows none: issue it without 'crit'",
    );
  }
  if (kid !== undefined && typeof kid !== "string") {
    throw malformed("The 'kid' in the token's header is not a string");
  }
  return { alg, ...(kid === undefined ? {} : { kid }) };
}

/**
 * Decodes a part of a token before djwt does. djwt would replace invalid UTF-8
 * by U+FFFD, so that two users could share an id, and its errors do not name
 * the mistake.
 */
function decodePart(part: string): unknown {
  try {
    return JSON.parse(decodeText(part));
  } catch {
    throw malformed(
      "The token is not a JWT (three base64url parts separated by dots, the first two JSON): send it whole, unquoted and without 'Bearer'",
    );
  }
}

/** Most tokens are ASCII, and `atob` is faster than a UTF-8 decoder. */
function decodeText(part: string): string {
  const binary = atob(
    part.replace(/=+$/, "").replaceAll("-", "+").replaceAll("_", "/"),
  );
  return isAscii(binary)
    ? binary
    : strictUtf8.decode(Buffer.from(binary, "latin1"));
}

/** True if every byte of a binary text is a character of its own in UTF-8. */
function isAscii(binary: string): boolean {
  return !/[\x80-\xff]/.test(binary);
}

function malformed(message: string): Rejected {
  return new Rejected("token_malformed", message);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
