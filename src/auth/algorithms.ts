/** The signature algorithms of shared secrets (RFC 7518 §3.2). */
export const secretAlgorithms = ["HS256", "HS384", "HS512"] as const;

/** The signature algorithms of public keys (RFC 7518 §3.3 to §3.5) supported by djwt. */
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

/** Every algorithm for signed tokens. */
export const jwtAlgorithms = [
  ...secretAlgorithms,
  ...publicKeyAlgorithms,
] as const;

/** An element of {@linkcode secretAlgorithms}. */
export type SecretAlgorithm = typeof secretAlgorithms[number];

/** An element of {@linkcode publicKeyAlgorithms}. */
export type PublicKeyAlgorithm = typeof publicKeyAlgorithms[number];

/** An element of {@linkcode jwtAlgorithms}. */
export type JwtAlgorithm = typeof jwtAlgorithms[number];

/** True for an algorithm of shared secrets. */
export function isSecretAlgorithm(
  algorithm: JwtAlgorithm,
): algorithm is SecretAlgorithm {
  return algorithm.startsWith("HS");
}

/** WebCrypto's parameters for the algorithms of RFC 7518 §3. */
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
