import { Buffer } from "node:buffer";
import { decode, type Header, type Payload, verify } from "djwt";
import {
  checkClaims,
  type ClaimChecks,
  readGrant,
  Rejected,
} from "./claims.ts";
import type { Grant, TokenRejection } from "./identity.ts";

/** The signature algorithms of shared secrets (RFC 7518 §3.2). */
export const secretAlgorithms = ["HS256", "HS384", "HS512"] as const;

/** One of {@linkcode secretAlgorithms}. */
export type SecretAlgorithm = typeof secretAlgorithms[number];

/** What became of a token. */
export type Verdict =
  | { readonly ok: true; readonly grant: Grant }
  | { readonly ok: false; readonly rejection: TokenRejection };

/** Judges a token; rejects when it could not be judged at all. */
export interface Verifier {
  verify(token: string): Promise<Verdict>;
}

/** What a {@linkcode Verifier} checks tokens against. */
export interface VerifierOptions extends ClaimChecks {
  /** Shared secrets, UTF-8, tried in this order; more than one during a rotation. */
  readonly secrets: readonly string[];
  /** @default {secretAlgorithms} */
  readonly algorithms?: readonly SecretAlgorithm[];
}

/** JSON is UTF-8, and a token that isn't must be rejected (RFC 7519 §7.2, steps 3 and 10). */
const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

/** The largest token that is looked at, in characters; headers end near there as well. */
const maxTokenLength = 16_384;

/**
 * Makes a verifier for tokens signed with a shared secret.
 *
 * The configured keys decide which algorithms exist; a token's header only
 * picks among them (RFC 8725 §3.1). The signature is verified before any claim
 * is believed, so that a reason such as `token_expired` is only told to
 * somebody who holds a token that we would once have accepted.
 *
 * @throws {DOMException} When a secret cannot be imported.
 */
export async function createVerifier(
  options: VerifierOptions,
): Promise<Verifier> {
  const keys = new Map<string, CryptoKey[]>();
  for (const algorithm of options.algorithms ?? secretAlgorithms) {
    keys.set(
      algorithm,
      await Promise.all(
        options.secrets.map((secret) => importSecret(secret, algorithm)),
      ),
    );
  }
  return {
    async verify(token) {
      try {
        return { ok: true, grant: await judge(token, keys, options) };
      } catch (error) {
        if (!(error instanceof Rejected)) throw error;
        const { code, message } = error;
        return { ok: false, rejection: { code, message } };
      }
    },
  };
}

/**
 * Imports a shared secret for one algorithm (RFC 7518 §3.2).
 *
 * @throws {DOMException} When the runtime refuses the key.
 */
export function importSecret(
  secret: string,
  algorithm: SecretAlgorithm,
): Promise<CryptoKey> {
  return crypto.subtle.importKey(
    "raw",
    new TextEncoder().encode(secret),
    { name: "HMAC", hash: `SHA-${algorithm.slice(2)}` },
    false,
    ["sign", "verify"],
  );
}

async function judge(
  token: string,
  keys: ReadonlyMap<string, readonly CryptoKey[]>,
  options: VerifierOptions,
): Promise<Grant> {
  const header = parseHeader(token);
  const candidates = keys.get(header.alg);
  if (candidates === undefined) {
    throw new Rejected(
      "token_wrong_algorithm",
      `The server accepts tokens signed with ${
        [...keys.keys()].join(", ")
      }: sign the token with one of these`,
    );
  }
  const payload = await verifySignature(token, candidates);
  checkClaims(payload, options);
  return readGrant(payload);
}

/** RFC 7515 §4.1.1 and §4.1.11; RFC 7519 §7.2. */
function parseHeader(token: string): Header {
  if (token.length > maxTokenLength) {
    throw new Rejected(
      "token_malformed",
      `The token is longer than ${maxTokenLength} characters`,
    );
  }
  let header: unknown, payload: unknown;
  try {
    [header, payload] = decode(token);
    // djwt would read bytes that are no UTF-8 as U+FFFD: two users as one.
    for (const part of token.split(".", 2)) {
      strictUtf8.decode(Buffer.from(part, "base64url"));
    }
  } catch {
    // djwt says only that the serialization is invalid, by a plain Error.
    throw new Rejected(
      "token_malformed",
      "The token is not a JWT (three base64url parts separated by dots, the first two JSON): send it whole, unquoted and without 'Bearer'",
    );
  }
  if (!isRecord(header) || typeof header.alg !== "string") {
    throw new Rejected(
      "token_malformed",
      "The token's header is not a JSON object with an 'alg'",
    );
  }
  if (header.crit !== undefined) {
    throw new Rejected(
      "token_malformed",
      "The token's header demands extensions by 'crit', and the server knows none: issue it without 'crit'",
    );
  }
  if (!isRecord(payload)) {
    throw new Rejected(
      "token_malformed",
      "The token's claims are not a JSON object",
    );
  }
  for (const claim of ["exp", "nbf"]) {
    if (payload[claim] !== undefined && !Number.isFinite(payload[claim])) {
      throw new Rejected(
        "token_malformed",
        `The token's '${claim}' is not a number of seconds since 1970 (RFC 7519 §2, NumericDate)`,
      );
    }
  }
  return header as Header;
}

/** RFC 7515 §5.2. Times are checked afterwards, hence `ignoreExp` and `ignoreNbf`. */
async function verifySignature(
  token: string,
  keys: readonly CryptoKey[],
): Promise<Payload> {
  for (const key of keys) {
    try {
      return await verify(token, key, { ignoreExp: true, ignoreNbf: true });
    } catch (error) {
      // djwt reports a signature that doesn't match by a plain Error; what
      // else is thrown (by WebCrypto, say) says nothing about the token.
      if (!(error instanceof Error) || error.constructor !== Error) throw error;
    }
  }
  throw new Rejected(
    "token_bad_signature",
    "The token was signed with another key: the issuer's secret and the server's TASKWIRE_JWT_SECRET must be the same, byte for byte",
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
