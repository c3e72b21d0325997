/** The signature algorithms of shared secrets (RFC 7518 §3.2). */
export const secretAlgorithms = ["HS256", "HS384", "HS512"] as const;

/** The signature algorithms of public keys (RFC 7518 §3.3 to §3.5), as far as djwt has them. */
export const publicKeyAlgorithms = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
] as const;

/** Every algorithm that a token may be signed with. */
export const jwtAlgorithms = [
  ...secretAlgorithms,
  ...publicKeyAlgorithms,
] as const;

/** One of {@linkcode secretAlgorithms}. */
export type SecretAlgorithm = typeof secretAlgorithms[number];

/** One of {@linkcode publicKeyAlgorithms}. */
export type PublicKeyAlgorithm = typeof publicKeyAlgorithms[number];

/** One of {@linkcode jwtAlgorithms}. */
export type JwtAlgorithm = typeof jwtAlgorithms[number];

/** Whether an algorithm is one of shared secrets. */
export function isSecretAlgorithm(
  algorithm: JwtAlgorithm,
): algorithm is SecretAlgorithm {
  return algorithm.startsWith("HS");
}

/** How WebCrypto calls what RFC 7518 §3 names. */
export function importParameters(
  algorithm: JwtAlgorithm,
): HmacImportParams | RsaHashedImportParams | EcKeyImportParams {
  const bits = algorithm.slice(2);
  const hash = `SHA-${bits}`;
  switch (algorithm.slice(0, 2)) {
    case "HS":
      return { name: "HMAC", hash };
    case "RS":
      return { name: "RSASSA-PKCS1-v1_5", hash };
    case "PS":
      return { name: "RSA-PSS", hash };
    default:
      return { name: "ECDSA", namedCurve: `P-${bits}` };
  }
}
