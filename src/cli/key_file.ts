import type { KeyFile } from "../auth/keys.ts";
import type { Config } from "../config/config.ts";
import { CommandFailure } from "./failure.ts";

/**
 * Reads the file that TASKWIRE_JWT_PUBLIC_KEY names.
 *
 * @throws {CommandFailure} When it can't be read.
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
      `TASKWIRE_JWT_PUBLIC_KEY=${path} can't be read: ${error.message}`,
    );
  }
}

/** What tokens are checked with, in words, without the keys themselves. */
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

/** Without the query, where a key might be. */
function shown(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
