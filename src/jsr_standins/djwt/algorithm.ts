/**
 * The values of `alg` in djwt 3.0.2 (RFC 7518 §3.1), `none` included.
 */
export type Algorithm =
  | "HS256"
  | "HS384"
  | "HS512"
  | "RS256"
  | "RS384"
  | "RS512"
  | "PS256"
  | "PS384"
  | "PS512"
  | "ES256"
  | "ES384"
  | "none";

/** The required key for each algorithm: the kind, then the hash or curve. */
const KEYS: Record<Exclude<Algorithm, "none">, [kind: string, of: string]> = {
  HS256: ["HMAC", "SHA-256"],
  HS384: ["HMAC", "SHA-384"],
  HS512: ["HMAC", "SHA-512"],
  RS256: ["RSASSA-PKCS1-v1_5", "SHA-256"],
  RS384: ["RSASSA-PKCS1-v1_5", "SHA-384"],
  RS512: ["RSASSA-PKCS1-v1_5", "SHA-512"],
  PS256: ["RSA-PSS", "SHA-256"],
  PS384: ["RSA-PSS", "SHA-384"],
  PS512: ["RSA-PSS", "SHA-512"],
  ES256: ["ECDSA", "P-256"],
  ES384: ["ECDSA", "P-384"],
};

/** The members of a `CryptoKey`'s algorithm that distinguish keys. */
interface KeyDescription {
  name: string;
  hash?: { name: string };
  namedCurve?: string;
}

/**
 * Returns WebCrypto's parameters for signatures with a key (RFC 7518 §3.2 to
 * §3.5).
 */
export function parametersOf(
  { algorithm }: CryptoKey,
): AlgorithmIdentifier | RsaPssParams | EcdsaParams {
  const { name, hash, namedCurve } = algorithm as KeyDescription;
  const bits = Number((hash?.name ?? namedCurve)?.slice(-3));
  switch (name) {
    case "ECDSA":
      return { name, hash: `SHA-${bits}` };
    case "RSA-PSS":
      return { name, saltLength: bits / 8 };
    default:
      return { name };
  }
}

function isKeyed(alg: Algorithm): alg is keyof typeof KEYS {
  return Object.hasOwn(KEYS, alg);
}

/**
 * Checks that the key, and not the header of a token, fixes the algorithm.
 *
 * JWA §3.6: an Unsecured JWS has no key, so `none` requires `null`. Every signed
 * token requires a key.
 *
 * @param alg The `alg` of the header.
 * @param key The key, or `null` for an Unsecured JWS.
 * @throws {Error} If the algorithm is unknown or does not match the key.
 */
export function assertKeyOf(alg: Algorithm, key: CryptoKey | null): void {
  if (alg === "none") {
    if (key !== null) throw new Error("The algorithm 'none' takes no key");
    return;
  }
  if (!key) throw new Error(`The algorithm '${alg}' demands a key`);
  if (!isKeyed(alg)) throw new Error(`Unsupported algorithm '${alg}'`);
  const [kind, of] = KEYS[alg];
  const { name, hash, namedCurve } = key.algorithm as KeyDescription;
  if (name !== kind || (hash?.name ?? namedCurve) !== of) {
    throw new Error(`The key is not one for the algorithm '${alg}'`);
  }
}
