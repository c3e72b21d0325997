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

/** The content of a file with public keys, read by the command line. */
export interface KeyFile {
  readonly path: string;
  readonly text: string;
}

/** The server's configured keys, except the key set. */
export interface KeyOptions {
  /** Shared secrets, UTF-8, tried in this order; more than one during a rotation. */
  readonly secrets: readonly string[];
  readonly publicKey?: KeyFile;
  /** The algorithms allowed for tokens. @default {all algorithms of the keys} */
  readonly algorithms?: readonly JwtAlgorithm[];
}

/** Keys, and the algorithms allowed for tokens. */
export interface Keys {
  readonly keys: readonly VerificationKey[];
  readonly algorithms: readonly JwtAlgorithm[];
}

/**
 * Imports the configured keys for the allowed algorithms. A public key is never
 * used as a secret for HS256, HS384 or HS512, because anyone could sign with
 * the public key (RFC 8725 §2.1).
 *
 * @param hasKeySet True if a key set may add keys, for any algorithm of public keys.
 * @throws {KeyError} If the file is unusable, or an allowed algorithm has no key.
 * @throws {DOMException} If a secret cannot be imported.
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
      } without a matching key: remove the algorithm, or set ${
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
      `TASKWIRE_JWT_PUBLIC_KEY=${path} cannot be used: ${error.message}`,
      { cause: error },
    );
  }
}
