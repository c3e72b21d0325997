import { Buffer } from "node:buffer";
import { create, type Header, type Payload } from "djwt";
import {
  importParameters,
  type PublicKeyAlgorithm,
} from "../../src/auth/algorithms.ts";
import { secondsFromNow } from "./tokens.ts";

/** A key pair of an issuer. */
export interface IssuerKey {
  readonly algorithm: PublicKeyAlgorithm;
  readonly pem: string;
  readonly privatePem: string;
  /** The public key, with a `kid` if given. */
  readonly jwk: JsonWebKey & { kid?: string; alg?: string };
  /** Signs claims, by default valid for a minute; the header names the key. */
  sign(claims: Payload, header?: Partial<Header>): Promise<string>;
}

/** Makes a key pair for an algorithm. */
export async function makeIssuerKey(
  algorithm: PublicKeyAlgorithm,
  kid?: string,
): Promise<IssuerKey> {
  const parameters = importParameters(algorithm);
  const pair = await crypto.subtle.generateKey(
    parameters.name === "ECDSA" ? parameters as EcKeyGenParams : {
      ...parameters as RsaHashedKeyGenParams,
      modulusLength: 2_048,
      publicExponent: Uint8Array.of(1, 0, 1),
    },
    true,
    ["sign", "verify"],
  ) as CryptoKeyPair;
  const named = kid === undefined ? {} : { kid };
  const { kty, n, e, crv, x, y } = await crypto.subtle.exportKey(
    "jwk",
    pair.publicKey,
  );
  const material = kty === "RSA" ? { kty, n, e } : { kty, crv, x, y };
  return {
    algorithm,
    pem: await asPem("PUBLIC KEY", "spki", pair.publicKey),
    privatePem: await asPem("PRIVATE KEY", "pkcs8", pair.privateKey),
    jwk: { ...material as JsonWebKey, ...named },
    sign: (claims, header = {}) =>
      create(
        { alg: algorithm, typ: "JWT", ...named, ...header },
        { exp: secondsFromNow(60), ...claims },
        pair.privateKey,
      ),
  };
}

async function asPem(
  label: string,
  format: "spki" | "pkcs8",
  key: CryptoKey,
): Promise<string> {
  const der = Buffer.from(await crypto.subtle.exportKey(format, key));
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""]
    .join("\n");
}
