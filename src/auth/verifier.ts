import { type Payload, verify } from "djwt";
import { createHash } from "node:crypto";
import type { JwtAlgorithm } from "./algorithms.ts";
import {
  checkClaims,
  checkTimes,
  type ClaimChecks,
  readGrant,
  Rejected,
} from "./claims.ts";
import type { Grant, TokenRejection } from "./identity.ts";
import type { KeySet } from "./jwks.ts";
import { importKeys, type KeyOptions } from "./keys.ts";
import { parseHeader, type TokenHeader } from "./token_header.ts";
import { selectKeys, type VerificationKey } from "./verification_key.ts";
import { type VerifiedToken, VerifiedTokens } from "./verified_tokens.ts";

/** What became of a token. */
export type Verdict =
  | { readonly ok: true; readonly grant: Grant }
  | { readonly ok: false; readonly rejection: TokenRejection };

/** Judges a token; rejects when it could not be judged at all. */
export interface Verifier {
  verify(token: string): Promise<Verdict>;
}

/** A verifier that says what it accepts. */
export interface KeyedVerifier extends Verifier {
  /** What a token may be signed with. */
  readonly algorithms: readonly JwtAlgorithm[];
}

/** What a {@linkcode Verifier} checks tokens against. */
export interface VerifierOptions extends ClaimChecks, KeyOptions {
  readonly keySet?: KeySet;
}

/** Longer tokens are verified each time: so many as are kept would take much memory. */
const maxKeptLength = 4_096;

/**
 * Makes a verifier for tokens signed with a secret, a private key whose public
 * half is known here, or a key of a key set.
 *
 * The configured keys decide which algorithms exist; a token's header only
 * picks among them (RFC 8725 §3.1). The signature is verified before any claim
 * is believed, so that a reason such as `token_expired` is only told to
 * somebody who holds a token that we would once have accepted.
 *
 * @throws {KeyError} When a key or an algorithm can't be used.
 * @throws {DOMException} When a secret cannot be imported.
 */
export async function createVerifier(
  options: VerifierOptions,
): Promise<KeyedVerifier> {
  const { keySet } = options;
  const { keys, algorithms } = await importKeys(
    options,
    keySet !== undefined,
  );
  const verified = new VerifiedTokens();
  const underWay = new Map<string, Promise<Grant>>();

  /** What is known of a token from before, unless its key may be gone. */
  async function recall(digest: string): Promise<Grant | undefined> {
    const known = verified.get(digest);
    if (known === undefined) return undefined;
    const { generation } = known;
    if (generation !== undefined && generation !== await keySet?.generation()) {
      verified.delete(digest);
      return undefined;
    }
    checkTimes(known.times, options.leewaySeconds);
    return known.grant;
  }

  async function judge(token: string, digest: string): Promise<Grant> {
    const header = parseHeader(token);
    if (!algorithms.some((algorithm) => algorithm === header.alg)) {
      throw wrongAlgorithm(algorithms);
    }
    const { payload, ...origin } = await verifySignature(
      token,
      header,
      keys,
      keySet,
    );
    checkClaims(payload, options);
    const grant = readGrant(payload);
    if (token.length <= maxKeptLength) {
      verified.set(digest, { grant, times: timesOf(payload), ...origin });
    }
    return grant;
  }

  /** One verification, however many come with the same token at once. */
  async function judgeOnce(token: string, digest: string): Promise<Grant> {
    let judging = underWay.get(digest);
    if (judging === undefined) {
      judging = judge(token, digest).finally(() => underWay.delete(digest));
      underWay.set(digest, judging);
    }
    return await judging;
  }

  return {
    algorithms,
    async verify(token) {
      try {
        const digest = createHash("sha256").update(token).digest("base64");
        const grant = await recall(digest) ?? await judgeOnce(token, digest);
        return { ok: true, grant };
      } catch (error) {
        if (!(error instanceof Rejected)) throw error;
        const { code, message } = error;
        return { ok: false, rejection: { code, message } };
      }
    },
  };
}

function timesOf({ exp, nbf }: Payload): VerifiedToken["times"] {
  return {
    ...(exp === undefined ? {} : { exp }),
    ...(nbf === undefined ? {} : { nbf }),
  };
}

/** RFC 7515 §5.2: with the keys at hand, then with those of the key set. */
async function verifySignature(
  token: string,
  { alg, kid }: TokenHeader,
  keys: readonly VerificationKey[],
  keySet: KeySet | undefined,
): Promise<{ readonly payload: Payload; readonly generation?: number }> {
  const candidates = selectKeys(keys, alg, kid);
  const payload = await tryKeys(token, candidates);
  if (payload !== undefined) return { payload };
  if (keySet === undefined || alg.startsWith("HS")) {
    throw candidates.length > 0 ? badSignature(alg) : unknownKey();
  }
  const search = await keySet.find(alg, kid);
  switch (search.kind) {
    case "unavailable":
      throw new Rejected(
        "verifier_unavailable",
        "The token could not be checked, because the issuer's keys can't be had now: try again later",
      );
    case "unknown_key":
      throw unknownKey();
    case "wrong_algorithm":
      throw new Rejected(
        "token_wrong_algorithm",
        "The key that the token's 'kid' names is for another algorithm than its 'alg'",
      );
  }
  const found = await tryKeys(token, search.keys);
  if (found === undefined) throw badSignature(alg);
  return { payload: found, generation: search.generation };
}

/** Times are checked afterwards, hence `ignoreExp` and `ignoreNbf`. */
async function tryKeys(
  token: string,
  keys: readonly VerificationKey[],
): Promise<Payload | undefined> {
  for (const { key } of keys) {
    try {
      return await verify(token, key, { ignoreExp: true, ignoreNbf: true });
    } catch (error) {
      // djwt reports a signature that doesn't match by a plain Error; what
      // else is thrown (by WebCrypto, say) says nothing about the token.
      if (!(error instanceof Error) || error.constructor !== Error) throw error;
    }
  }
  return undefined;
}

function wrongAlgorithm(algorithms: readonly JwtAlgorithm[]): Rejected {
  return new Rejected(
    "token_wrong_algorithm",
    `The server accepts tokens signed with ${
      algorithms.join(", ")
    }: sign the token with one of these`,
  );
}

function unknownKey(): Rejected {
  return new Rejected(
    "token_unknown_key",
    "The server has no key of the name that is the token's 'kid': sign the token with a key that the issuer publishes",
  );
}

function badSignature(alg: string): Rejected {
  return new Rejected(
    "token_bad_signature",
    alg.startsWith("HS")
      ? "The token was signed with another key: the issuer's secret and the server's TASKWIRE_JWT_SECRET must be the same, byte for byte"
      : "The token was signed with another key: the issuer's private key and the server's public key (TASKWIRE_JWT_PUBLIC_KEY, TASKWIRE_JWKS_URL) must be a pair",
  );
}
