import {
  isSecretAlgorithm,
  type JwtAlgorithm,
  jwtAlgorithms,
  publicKeyAlgorithms,
  secretAlgorithms,
} from "./algorithms.ts";
import { readPublicKeys } from "./public_key.ts";
import {
  importSecret,
  KeyError,
  type VerificationKey,
} from "./verification_key.ts";

/** A file with public keys, which the entry has read. */
export interface KeyFile {
  readonly path: string;
  readonly text: string;
}

/** The keys that the server is configured with, a key set aside. */
export interface KeyOptions {
  /** Shared secrets, UTF-8, tried in this order; more than one during a rotation. */
  readonly secrets: readonly string[];
  readonly publicKey?: KeyFile;
  /** What tokens may be signed with. @default {what the keys are for} */
  readonly algorithms?: readonly JwtAlgorithm[];
}

/** Keys, and what tokens may be signed with. */
export interface Keys {
  readonly keys: readonly VerificationKey[];
  readonly algorithms: readonly JwtAlgorithm[];
}

/**
 * Imports the configured keys for the allowed algorithms. A public key is never
 * one for HS256 and its kin, whose 'secret' everybody would then know
 * (RFC 8725 §2.1).
 *
 * @param hasKeySet Whether a key set may bring more keys, for any algorithm of public keys.
 * @throws {KeyError} When the file can't be used, or no key is for an algorithm that is allowed.
 * @throws {DOMException} When a secret cannot be imported.
 */
export async function importKeys(
  options: KeyOptions,
  hasKeySet: boolean,
): Promise<Keys> {
  const keys = [
    ...await importSecrets(options.secrets),
    ...options.publicKey ? await importFile(options.publicKey) : [],
  ];
  const offered = new Set<JwtAlgorithm>([
    ...keys.map(({ algorithm }) => algorithm),
    ...hasKeySet ? publicKeyAlgorithms : [],
  ]);
  const algorithms = options.algorithms ??
    jwtAlgorithms.filter((algorithm) => offered.has(algorithm));
  const unusable = algorithms.filter((algorithm) => !offered.has(algorithm));
  if (unusable.length > 0) {
    throw new KeyError(
      `TASKWIRE_JWT_ALGORITHMS allows ${
        unusable.join(", ")
      }, and no key is for that: leave it out, or set ${
        unusable.every(isSecretAlgorithm)
          ? "TASKWIRE_JWT_SECRET"
          : "TASKWIRE_JWT_PUBLIC_KEY or TASKWIRE_JWKS_URL"
      }`,
    );
  }
  return {
    keys: keys.filter(({ algorithm }) => algorithms.includes(algorithm)),
    algorithms,
  };
}

async function importSecrets(
  secrets: readonly string[],
): Promise<readonly VerificationKey[]> {
  const pairs = secrets.flatMap((secret) =>
    secretAlgorithms.map((algorithm) => ({ secret, algorithm }))
  );
  return await Promise.all(pairs.map(async ({ secret, algorithm }) => ({
    algorithm,
    key: await importSecret(secret, algorithm),
  })));
}

async function importFile(
  { path, text }: KeyFile,
): Promise<readonly VerificationKey[]> {
  try {
    return await readPublicKeys(text);
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    throw new KeyError(
      `TASKWIRE_JWT_PUBLIC_KEY=${path} can't be used: ${error.message}`,
      { cause: error },
    );
  }
}
