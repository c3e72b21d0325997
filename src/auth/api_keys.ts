import { createHash, timingSafeEqual } from "node:crypto";

/**
 * Makes a test for API keys. Its duration does not depend on the keys: the test
 * compares the digest with the digests of all accepted keys.
 *
 * @param keys The accepted keys.
 */
export function createApiKeyCheck(
  keys: readonly string[],
): (key: string) => boolean {
  const digests = keys.map(digest);
  return (key) => {
    const candidate = digest(key);
    let accepted = false;
    for (const known of digests) {
      if (timingSafeEqual(candidate, known)) accepted = true;
    }
    return accepted;
  };
}

function digest(key: string): Uint8Array {
  return createHash("sha256").update(key).digest();
}
