import { Buffer } from "node:buffer";
import { importParameters, publicKeyAlgorithms } from "./algorithms.ts";
import { importJwk } from "./jwk.ts";
import {
  assertUsable,
  KeyError,
  type VerificationKey,
} from "./verification_key.ts";

/** A block of a PEM file (RFC 7468 §2). */
const pemBlock = /-----BEGIN ([^-]*)-----([^-]*)-----END [^-]*-----/g;

/**
 * Reads the keys of a file: PEM ("BEGIN PUBLIC KEY", one or several), a JWK or
 * a JWK Set. Every key must be usable, since the operator chose the file.
 *
 * @param text The content of the file.
 * @throws {KeyError} With the actual kind of the file and the command to convert it.
 */
export async function readPublicKeys(
  text: string,
): Promise<readonly VerificationKey[]> {
  if (text.trimStart().startsWith("{")) return await readJson(text);
  const blocks = [...text.matchAll(pemBlock)];
  if (blocks.length === 0) {
    throw new KeyError(
      "it is neither a PEM nor a JWK: it must hold '-----BEGIN PUBLIC KEY-----' or a JSON object with 'kty' or 'keys'; DER becomes PEM with 'openssl pkey -pubin -inform DER -in FILE'",
    );
  }
  const keys: VerificationKey[] = [];
  for (const [, label = "", body = ""] of blocks) {
    keys.push(...await importPem(label, body));
  }
  return keys;
}

async function readJson(text: string): Promise<readonly VerificationKey[]> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's message would show a part of the file.
    throw new KeyError("it begins like a JWK, but is not valid JSON");
  }
  const { keys } = json as { keys?: unknown };
  if (keys === undefined) return await importJwk(json);
  if (!Array.isArray(keys) || keys.length === 0) {
    throw new KeyError("it is a JWK Set without keys");
  }
  const imported: VerificationKey[] = [];
  for (const jwk of keys) imported.push(...await importJwk(jwk));
  return imported;
}

/** Wrong kinds of PEM, with the command that extracts the public key. */
const remedies: readonly (readonly [label: RegExp, remedy: string])[] = [
  [
    /PRIVATE KEY$/,
    "it holds a private key: make the public one with 'openssl pkey -in FILE -pubout', and keep the private key away from this server",
  ],
  [
    /CERTIFICATE$/,
    "it holds a certificate: take the key out of it with 'openssl x509 -in FILE -pubkey -noout'",
  ],
  [
    /^RSA PUBLIC KEY$/,
    "it holds a key in the old RSA form: convert it with 'openssl rsa -RSAPublicKey_in -in FILE -pubout'",
  ],
];

/** Imports a SubjectPublicKeyInfo (RFC 7468 §13). Tries each algorithm, since WebCrypto does not reveal the key type. */
async function importPem(
  label: string,
  body: string,
): Promise<readonly VerificationKey[]> {
  if (label !== "PUBLIC KEY") {
    throw new KeyError(
      remedies.find(([other]) => other.test(label))?.[1] ??
        "it holds a PEM of another kind: expected '-----BEGIN PUBLIC KEY-----'",
    );
  }
  const der = Uint8Array.from(Buffer.from(body, "base64"));
  const keys: VerificationKey[] = [];
  for (const algorithm of publicKeyAlgorithms) {
    try {
      const key = await crypto.subtle.importKey(
        "spki",
        der,
        importParameters(algorithm),
        false,
        ["verify"],
      );
      keys.push({ algorithm, key });
    } catch (error) {
      // A key of a different type. A damaged key fails for every type.
      if (!(error instanceof DOMException)) throw error;
    }
  }
  if (keys.length === 0) {
    throw new KeyError(
      "its key is damaged or of an unsupported kind: expected an RSA key, or an EC key on P-256 or P-384",
    );
  }
  for (const key of keys) await assertUsable(key);
  return keys;
}
