import { createHash, timingSafeEqual } from "node:crypto";

/**
 * Makes a test for API keys that takes the same time whichever key is wrong
 * and wherever it differs: digests of equal length are compared, all of them.
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
