import type { KeyFile } from "../auth/keys.ts";
import type { Config } from "../config/config.ts";
import { CommandFailure } from "../terminal/failure.ts";

/**
 * Reads the file named by TASKWIRE_JWT_PUBLIC_KEY.
 *
 * @throws {CommandFailure} If the file cannot be read.
 */
export function readKeyFile({ jwtPublicKey: path }: Config):
  | KeyFile
  | undefined {
  if (path === undefined) return undefined;
  try {
    return { path, text: Deno.readTextFileSync(path) };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new CommandFailure(
      `TASKWIRE_JWT_PUBLIC_KEY=${path} cannot be read: ${error.message}`,
    );
  }
}

/** Describes the sources of the verification keys, without the keys themselves. */
export function describeKeys(
  { jwtSecrets, jwtPublicKey, jwksUrl }: Config,
): readonly string[] {
  const { length } = jwtSecrets;
  return [
    ...(length > 0 ? [length === 1 ? "a secret" : `${length} secrets`] : []),
    ...(jwtPublicKey === undefined ? [] : [`the public key ${jwtPublicKey}`]),
    ...(jwksUrl === undefined ? [] : [`the key set ${shown(jwksUrl)}`]),
  ];
}

/** The URL without its query, since the query may hold a key. */
function shown(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
