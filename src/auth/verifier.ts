import { createHash } from "node:crypto";
import type { JwtAlgorithm } from "./algorithms.ts";
import {
  checkClaims,
  checkTimes,
  type ClaimChecks,
  readGrant,
  Rejected,
  type TimeClaims,
} from "./claims.ts";
import type { Grant, TokenRejection } from "./identity.ts";
import type { KeySet } from "./jwks.ts";
import { importKeys, type KeyOptions } from "./keys.ts";
import { verifySignature } from "./signature.ts";
import { parseHeader, type TokenHeader } from "./token_header.ts";
import { RecentMap } from "../collections/recent_map.ts";

/** The result of verifying a token. */
export type Verdict =
  | { readonly ok: true; readonly grant: Grant }
  | { readonly ok: false; readonly rejection: TokenRejection };

/** Verifies a token; the promise rejects if verification itself fails. */
export interface Verifier {
  verify(token: string): Promise<Verdict>;
}

/** A verifier with a list of its algorithms. */
export interface KeyedVerifier extends Verifier {
  /** The algorithms allowed for tokens. */
  readonly algorithms: readonly JwtAlgorithm[];
}

/** The keys and requirements of a {@linkcode Verifier}. */
export interface VerifierOptions extends ClaimChecks, KeyOptions {
  readonly keySet?: KeySet;
}

/** A verified token. */
interface VerifiedToken {
  readonly grant: Grant;
  /** The time claims, checked again at each use. */
  readonly times: TimeClaims;
  /** The key set's generation, if the token's key is from the key set. */
  readonly generation: number | undefined;
}

/** The number of remembered tokens, so that mass reconnects do not repeat all verifications. */
const maxVerified = 10_000;

/** The length above which tokens are not remembered, to save memory. */
const maxKeptLength = 4_096;

/**
 * Makes a verifier for tokens signed with a shared secret, the private half of
 * a configured public key, or a key of a key set.
 *
 * The configured keys decide the algorithms; a token's header only selects
 * among these (RFC 8725 §3.1). Claims are read after the signature is verified,
 * so that a reason such as `token_expired` is sent only to the bearer of a
 * genuine token.
 *
 * @throws {KeyError} If a key or an algorithm is unusable.
 * @throws {DOMException} If a secret cannot be imported.
 */
export async function createVerifier(
  options: VerifierOptions,
): Promise<KeyedVerifier> {
  const { keySet } = options;
  const { keys, algorithms } = await importKeys(
    options,
    keySet !== undefined,
  );
  // Keyed by digests, so that no tokens are kept.
  const verified = new RecentMap<VerifiedToken>(maxVerified);
  const underWay = new Map<string, Promise<Grant>>();

  /** Returns the remembered verdict on a token at once, unless the token's key was removed since. */
  function recall(digest: string): Grant | undefined {
    const known = verified.get(digest);
    if (known === undefined) return undefined;
    const { generation } = known;
    if (generation !== undefined && generation !== keySet?.generation) {
      verified.delete(digest);
      return undefined;
    }
    checkTimes(known.times, options.leewaySeconds);
    return known.grant;
  }

  async function judge(
    token: string,
    header: TokenHeader,
    digest: string,
  ): Promise<Grant> {
    try {
      const { payload, generation } = await verifySignature(
        token,
        header,
        keys,
        keySet,
      );
      checkClaims(payload, options);
      const grant = readGrant(payload);
      if (token.length <= maxKeptLength) {
        const { exp, nbf } = payload;
        verified.set(digest, { grant, times: { exp, nbf }, generation });
      }
      return grant;
    } finally {
      underWay.delete(digest);
    }
  }

  /** Shares a verification among concurrent uses of the same token. */
  function judgeOnce(token: string, digest: string): Promise<Grant> {
    const shared = underWay.get(digest);
    if (shared !== undefined) return shared;
    const header = parseHeader(token);
    if (!algorithms.some((algorithm) => algorithm === header.alg)) {
      throw wrongAlgorithm(algorithms);
    }
    const judging = judge(token, header, digest);
    underWay.set(digest, judging);
    return judging;
  }

  return {
    algorithms,
    async verify(token) {
      try {
        const digest = createHash("sha256").update(token).digest("base64");
        const grant = recall(digest) ?? await judgeOnce(token, digest);
        return { ok: true, grant };
      } catch (error) {
        if (!(error instanceof Rejected)) throw error;
        const { code, message } = error;
        return { ok: false, rejection: { code, message } };
      }
    },
  };
}

function wrongAlgorithm(algorithms: readonly JwtAlgorithm[]): Rejected {
  return new Rejected(
    "token_wrong_algorithm",
    `The server accepts tokens signed with ${
      algorithms.join(", ")
    }: sign the token with one of these`,
  );
}
