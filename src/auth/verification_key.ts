import {
  importParameters,
  type JwtAlgorithm,
  type SecretAlgorithm,
} from "./algorithms.ts";

/**
 * A key for exactly one algorithm (RFC 8725 §3.1). A key with several
 * algorithms is imported once for each.
 */
export interface VerificationKey {
  readonly algorithm: JwtAlgorithm;
  readonly key: CryptoKey;
  /** The name of the key (RFC 7517 §4.5); a key without a name is tried for every token. */
  readonly kid?: string;
}

/** An error in the configured keys; the message names a remedy. */
export class KeyError extends Error {
  override readonly name = "KeyError";
}

/** Selects the possible keys of a token by its header. */
export function selectKeys(
  keys: readonly VerificationKey[],
  algorithm: string,
  kid: string | undefined,
): readonly VerificationKey[] {
  return keys.filter((key) =>
    key.algorithm === algorithm &&
    (kid === undefined || key.kid === undefined || key.kid === kid)
  );
}

/**
 * Imports a shared secret for one algorithm (RFC 7518 §3.2).
 *
 * @param secret UTF-8.
 * @throws {DOMException} If the runtime refuses the key.
 */
export function importSecret(
  secret: string,
  algorithm: SecretAlgorithm,
): Promise<CryptoKey> {
  return crypto.subtle.importKey(
    "raw",
    new TextEncoder().encode(secret),
    importParameters(algorithm),
    false,
    ["sign", "verify"],
  );
}

/** The minimum length of an RSA key (RFC 7518 §3.3), in bits. */
const minModulusBits = 2_048;

/**
 * Refuses short keys, and keys that the runtime imports but cannot use, such as
 * a point off its curve. Otherwise each token would fail with a server error.
 *
 * @throws {KeyError} For a short or unusable key.
 */
export async function assertUsable(
  { algorithm, key }: VerificationKey,
): Promise<void> {
  const { modulusLength } = key.algorithm as Partial<RsaHashedKeyAlgorithm>;
  if (modulusLength !== undefined && modulusLength < minModulusBits) {
    throw new KeyError(
      `an RSA key of ${modulusLength} bits is too short: use a key of ${minModulusBits} bits or more`,
    );
  }
  const bits = Number(algorithm.slice(2));
  const parameters = {
    name: key.algorithm.name,
    hash: `SHA-${bits}`,
    saltLength: bits / 8,
  };
  const [signature, input] = [new Uint8Array(bits / 4), new Uint8Array(1)];
  try {
    await crypto.subtle.verify(parameters, key, signature, input);
  } catch (cause) {
    throw new KeyError(`it is no key for ${algorithm}`, { cause });
  }
}
