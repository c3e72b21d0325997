import {
  importParameters,
  type JwtAlgorithm,
  type SecretAlgorithm,
} from "./algorithms.ts";

/**
 * A key for one algorithm, and for no other (RFC 8725 §3.1). A key that serves
 * several algorithms is several of these.
 */
export interface VerificationKey {
  readonly algorithm: JwtAlgorithm;
  readonly key: CryptoKey;
  /** The name of the key (RFC 7517 §4.5); a key without one may have signed any token. */
  readonly kid?: string;
}

/** Keys that cannot be used as configured; the message says what to do. */
export class KeyError extends Error {
  override readonly name = "KeyError";
}

/** The keys that may have signed a token, by what its header says. */
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
 * @throws {DOMException} When the runtime refuses the key.
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

/** The shortest RSA key that RFC 7518 §3.3 allows, in bits. */
const minModulusBits = 2_048;

/**
 * Refuses a key that is too short, or that the runtime imports although it
 * cannot verify anything with it (a point off its curve, say): each token would
 * then fail by the server's fault.
 *
 * @throws {KeyError} For such a key.
 */
export async function assertUsable(
  { algorithm, key }: VerificationKey,
): Promise<void> {
  const { modulusLength } = key.algorithm as Partial<RsaHashedKeyAlgorithm>;
  if (modulusLength !== undefined && modulusLength < minModulusBits) {
    throw new KeyError(
      `an RSA key of ${modulusLength} bits is too short: use one of ${minModulusBits} bits or more`,
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
