import {
  importParameters,
  type PublicKeyAlgorithm,
  publicKeyAlgorithms,
} from "./algorithms.ts";
import {
  assertUsable,
  KeyError,
  type VerificationKey,
} from "./verification_key.ts";

/**
 * Imports a public key in JSON (RFC 7517): for the algorithm in `alg`,
 * otherwise for every algorithm of the key type.
 *
 * @throws {KeyError} If djwt cannot verify signatures with the key; the message
 * never contains the key.
 */
export async function importJwk(
  jwk: unknown,
): Promise<readonly VerificationKey[]> {
  if (!isRecord(jwk)) throw new KeyError("it is not a JSON object");
  const { kid } = jwk;
  if (kid !== undefined && typeof kid !== "string") {
    throw new KeyError("its 'kid' is not a string");
  }
  assertForSignatures(jwk);
  const material = publicPart(jwk);
  const keys: VerificationKey[] = [];
  for (const algorithm of algorithmsOf(jwk)) {
    const key = await importFor(algorithm, material);
    await assertUsable({ algorithm, key });
    keys.push({ algorithm, key, ...(kid === undefined ? {} : { kid }) });
  }
  return keys;
}

/** RFC 7517 §4.2 and §4.3; RFC 7518 §6.2.2 and §6.3.2 for private members. */
function assertForSignatures(jwk: Readonly<Record<string, unknown>>): void {
  if ("d" in jwk) {
    throw new KeyError(
      "it is a private key: use its public half, without 'd', and keep the private key away from this server",
    );
  }
  if (jwk.use !== undefined && jwk.use !== "sig") {
    throw new KeyError("its 'use' is not 'sig'");
  }
  const operations = jwk.key_ops;
  if (
    operations !== undefined &&
    !(Array.isArray(operations) && operations.includes("verify"))
  ) throw new KeyError("its 'key_ops' lack 'verify'");
}

/** The members with the key's material, by key type (RFC 7518 §6). */
function publicPart(jwk: Readonly<Record<string, unknown>>): JsonWebKey {
  const names = jwk.kty === "RSA"
    ? ["n", "e"]
    : jwk.kty === "EC"
    ? ["crv", "x", "y"]
    : undefined;
  if (names === undefined) {
    throw new KeyError("its 'kty' is neither RSA nor EC");
  }
  const part: Record<string, unknown> = { kty: jwk.kty };
  for (const name of names) {
    if (typeof jwk[name] !== "string") {
      throw new KeyError(`its '${name}' is not a string`);
    }
    part[name] = jwk[name];
  }
  return part;
}

/** The algorithms of a key: the `alg` if present, otherwise all algorithms of the key type. */
function algorithmsOf(
  { kty, crv, alg }: Readonly<Record<string, unknown>>,
): readonly PublicKeyAlgorithm[] {
  const fitting = publicKeyAlgorithms.filter((algorithm) =>
    kty === "RSA"
      ? !algorithm.startsWith("ES")
      : algorithm === `ES${`${crv}`.replace("P-", "")}`
  );
  if (fitting.length === 0) {
    throw new KeyError("its 'crv' is neither P-256 nor P-384");
  }
  if (alg === undefined) return fitting;
  const named = fitting.filter((algorithm) => algorithm === alg);
  if (named.length === 0) {
    throw new KeyError(`its 'alg' is none of ${fitting.join(", ")}`);
  }
  return named;
}

async function importFor(
  algorithm: PublicKeyAlgorithm,
  material: JsonWebKey,
): Promise<CryptoKey> {
  try {
    return await crypto.subtle.importKey(
      "jwk",
      material,
      importParameters(algorithm),
      false,
      ["verify"],
    );
  } catch (cause) {
    throw new KeyError(`it is no key for ${algorithm}`, { cause });
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
