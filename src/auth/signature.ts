import { type Payload, verify } from "djwt";
import { Rejected } from "./claims.ts";
import type { KeySet } from "./jwks.ts";
import type { TokenHeader } from "./token_header.ts";
import { selectKeys, type VerificationKey } from "./verification_key.ts";

/**
 * Verifies the signature of a token (RFC 7515 §5.2), first with the configured
 * keys, then with the key set.
 *
 * @returns The unchecked claims, and the key set's generation if the signature
 * is from the key set.
 * @throws {Rejected} With the reason.
 */
export async function verifySignature(
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
        "The server cannot verify the token, because the issuer's keys are unavailable: try again later",
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

/** The caller checks the times, hence `ignoreExp` and `ignoreNbf`. */
async function tryKeys(
  token: string,
  keys: readonly VerificationKey[],
): Promise<Payload | undefined> {
  for (const { key } of keys) {
    try {
      return await verify(token, key, { ignoreExp: true, ignoreNbf: true });
    } catch (error) {
      // djwt throws a plain Error for a wrong signature. All further errors,
      // such as WebCrypto's, are not about the token.
      if (!(error instanceof Error) || error.constructor !== Error) throw error;
    }
  }
  return undefined;
}

function unknownKey(): Rejected {
  return new Rejected(
    "token_unknown_key",
    "The server knows no key with the token's 'kid': sign the token with a key published by the issuer",
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
