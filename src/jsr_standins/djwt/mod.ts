/**
 * The exports of `jsr:@zaubrik/djwt@3.0.2`, for machines without access to JSR.
 *
 * `"links"` in the root's `deno.json` replaces the package by this folder;
 * without that line, Deno uses the published package. WebCrypto verifies
 * signatures, as in djwt; `npm:jose` signs and encodes. jose is stricter than
 * djwt in signing: jose refuses RSA keys under 2048 bits (RFC 7518 §3.3) and a
 * malformed `crit` (RFC 7515 §4.1.11).
 *
 * @module
 */

import { CompactSign } from "npm:jose@^6";
import { type Algorithm, assertKeyOf, parametersOf } from "./algorithm.ts";
import {
  type Payload,
  validateAudClaim,
  validateTimingClaims,
  type VerifyOptions,
} from "./claims.ts";
import { decode, encodeJson } from "./serialization.ts";

export { decode, validateAudClaim, validateTimingClaims };
export type { Payload, VerifyOptions };

/** The header of a token (RFC 7515 §4.1.1). */
export interface Header {
  alg: Algorithm;
  [key: string]: unknown;
}

const encoder = new TextEncoder();

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Accepts every critical extension in a header, like djwt. */
function recognized({ crit }: Header): Record<string, boolean> {
  return Array.isArray(crit)
    ? Object.fromEntries(crit.map((name) => [name, true]))
    : {};
}

/**
 * Checks header and claims of a decoded token, not its signature.
 *
 * RFC 7519 §7.2: the claims must be a JSON object.
 *
 * @param decoded The result of {@linkcode decode}.
 * @param options The checks; `predicates` are ignored.
 * @returns The parts, typed as header and claims.
 * @throws {RangeError} If the token is expired or is used too early.
 * @throws {Error} If a different check fails.
 */
export function validate(
  [header, payload, signature]: [
    header: unknown,
    payload: unknown,
    signature: Uint8Array,
  ],
  options?: VerifyOptions,
): { header: Header; payload: Payload; signature: Uint8Array } {
  if (!isObject(header) || typeof header.alg !== "string") {
    throw new Error("The header parameter 'alg' is not a string");
  }
  if (!isObject(payload)) throw new Error("The claims are not a JSON object");
  validateTimingClaims(payload, options);
  if (options?.audience !== undefined) {
    validateAudClaim(payload.aud, options.audience);
  }
  return { header: header as Header, payload, signature };
}

/**
 * Verifies a token: first its claims, then its algorithm, then its signature,
 * at last the predicates.
 *
 * @example
 * ```ts
 * const { sub } = await verify(token, key, { audience: "taskwire" });
 * ```
 *
 * @param jwt The token.
 * @param key The key, which alone fixes the algorithm. With `null`, only
 * unsecured tokens pass (RFC 7519 §6).
 * @param options Further checks.
 * @throws {RangeError} If the token is expired or is used too early; the
 * signature is not verified in this case.
 * @throws {Error} If a different check fails.
 * @returns The claims.
 */
export async function verify<PayloadType extends Payload>(
  jwt: string,
  key: CryptoKey | null,
  options?: VerifyOptions,
): Promise<PayloadType> {
  const { header, payload, signature } = validate(decode(jwt), options);
  assertKeyOf(header.alg, key);
  await verifySignature(jwt, signature, key);
  if (!(options?.predicates ?? []).every((holds) => holds(payload))) {
    throw new Error("The claims do not satisfy all predicates");
  }
  return payload as PayloadType;
}

async function verifySignature(
  jwt: string,
  signature: Uint8Array,
  key: CryptoKey | null,
): Promise<void> {
  if (key === null) {
    // JWA §3.6: the signature of an Unsecured JWS is the empty octet sequence.
    if (signature.length === 0) return;
    throw new Error("An unsecured token has no signature");
  }
  const isGenuine = await crypto.subtle.verify(
    parametersOf(key),
    key,
    signature as BufferSource,
    encoder.encode(jwt.slice(0, jwt.lastIndexOf("."))),
  );
  if (!isGenuine) throw new Error("The signature does not match");
}

/**
 * Creates a token.
 *
 * @example
 * ```ts
 * const exp = getNumericDate(60 * 60);
 * const token = await create({ alg: "HS256", typ: "JWT" }, { exp }, key);
 * ```
 *
 * @param header The header; `alg` must match the key.
 * @param payload The claims.
 * @param key The key, or `null` for an unsecured token (RFC 7519 §6).
 * @throws {Error} If the claims are not an object, or the key does not match the
 * algorithm.
 * @returns The token in the compact serialization.
 */
export async function create(
  header: Header,
  payload: Payload,
  key: CryptoKey | null,
): Promise<string> {
  if (!isObject(payload)) throw new Error("The claims are not a JSON object");
  assertKeyOf(header.alg, key);
  if (key === null) return `${encodeJson(header)}.${encodeJson(payload)}.`;
  return await new CompactSign(
    encoder.encode(JSON.stringify(payload)),
  ).setProtectedHeader(header).sign(key, { crit: recognized(header) });
}

/**
 * Converts a moment into a NumericDate (RFC 7519 §2).
 *
 * @param exp The moment, or the seconds from now until it.
 * @returns Seconds since 1970-01-01T00:00:00Z.
 */
export function getNumericDate(exp: number | Date): number {
  const ms = exp instanceof Date ? exp.getTime() : Date.now() + exp * 1000;
  return Math.round(ms / 1000);
}
