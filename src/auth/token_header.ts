import { Buffer } from "node:buffer";
import { Rejected } from "./claims.ts";

/** What the header of a token says about its signature; not yet believed. */
export interface TokenHeader {
  readonly alg: string;
  /** The name of the key (RFC 7515 §4.1.4). */
  readonly kid?: string;
}

/** JSON is UTF-8, and a token that isn't must be rejected (RFC 7519 §7.2, steps 3 and 10). */
const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * A part in base64url (RFC 4648 §5), with its padding, a half of it, or none.
 * djwt takes padding in excess as well, so that one token had many spellings.
 */
const part = "((?:[\\w-]{4})*(?:[\\w-]{2}={0,2}|[\\w-]{3}=?)?)";

/** RFC 7515 §7.1. */
const compactForm = new RegExp(`^${part}\\.${part}\\.${part}$`);

/** The largest token that is looked at, in characters; headers end near there as well. */
const maxTokenLength = 16_384;

/**
 * Reads the header of a token whose form is right (RFC 7515 §4.1.1, §4.1.4 and
 * §4.1.11; RFC 7519 §7.2). Keys that it brings along or points to (`jwk`,
 * `jku`, `x5c`, `x5u`) are not looked at: anybody can write those.
 *
 * @throws {Rejected} `token_malformed`.
 */
export function parseHeader(token: string): TokenHeader {
  if (token.length > maxTokenLength) {
    throw malformed(`The token is longer than ${maxTokenLength} characters`);
  }
  const [header, payload] = decodeStrictly(token);
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
  return { alg, ...(kid === undefined ? {} : { kid }) };
}

/**
 * Decoded here and not by djwt, which does so once more when it verifies: that
 * would read bytes that are no UTF-8 as U+FFFD, two users as one, and only says
 * that something about the serialization is invalid.
 */
function decodeStrictly(token: string): readonly [unknown, unknown] {
  const [, header = "", payload = ""] = compactForm.exec(token) ?? [];
  try {
    return [decodePart(header), decodePart(payload)];
  } catch {
    throw malformed(
      "The token is not a JWT (three base64url parts separated by dots, the first two JSON): send it whole, unquoted and without 'Bearer'",
    );
  }
}

function decodePart(part: string): unknown {
  return JSON.parse(strictUtf8.decode(Buffer.from(part, "base64url")));
}

function malformed(message: string): Rejected {
  return new Rejected("token_malformed", message);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
