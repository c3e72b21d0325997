import type { Payload } from "djwt";
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
import { verifySignature } from "./signature.ts";
import { parseHeader } from "./token_header.ts";
import { RecentMap } from "../collections/recent_map.ts";

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

/** A token whose signature and claims were found good. */
interface VerifiedToken {
  readonly grant: Grant;
  /** The claims that pass with time, to be checked each time. */
  readonly times: Pick<Payload, "exp" | "nbf">;
  /** The key set's generation, where its key verified the token. */
  readonly generation?: number;
}

/** How many are kept, so that a storm of reconnects is not one of signatures as well. */
const maxVerified = 10_000;

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
  // By their digests: the tokens themselves are not kept.
  const verified = new RecentMap<VerifiedToken>(maxVerified);
  const underWay = new Map<string, Promise<Grant>>();

  /** Returns the remembered verdict on a token, unless its key was removed since; waits for nothing. */
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

function timesOf({ exp, nbf }: Payload): VerifiedToken["times"] {
  return {
    ...(exp === undefined ? {} : { exp }),
    ...(nbf === undefined ? {} : { nbf }),
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
