import { timingSafeEqual } from "node:crypto";

/** Fills the rest of a padded key; UTF-8 never contains this byte. */
const padding = 0xff;

/** The minimum length of a padded key, in bytes: hides the length of usual keys. */
const minPaddedBytes = 64;

/**
 * Makes a test for API keys. Its duration does not depend on the keys: the test
 * pads the candidate to the length of all padded keys, and compares the
 * candidate with each of them, in constant time.
 *
 * @param keys The accepted keys.
 */
export function createApiKeyCheck(
  keys: readonly string[],
): (key: string) => boolean {
  const encoder = new TextEncoder();
  const longest = Math.max(
    0,
    ...keys.map((key) => encoder.encode(key).length),
  );
  const candidate = new Uint8Array(Math.max(minPaddedBytes, longest));
  const pad = (key: string) => {
    candidate.fill(padding);
    return encoder.encodeInto(key, candidate);
  };
  // Views, because the runtime would turn any other array into a view per call.
  const view = new DataView(candidate.buffer);
  const known = keys.map((key) => {
    pad(key);
    return new DataView(candidate.slice().buffer);
  });
  return (key) => {
    const { read } = pad(key);
    let accepted = false;
    for (const padded of known) {
      if (timingSafeEqual(view, padded)) accepted = true;
    }
    return accepted && read === key.length;
  };
}
