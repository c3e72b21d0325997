/** Finds JSON that may have such a number, quickly; a long number after a point is no integer. */
const suspicious = /(?<![\d.])\d{16}|[eE][+-]?\d{3}/;

/** The strings and the numbers of JSON. */
const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;

/** The longest number to repeat in an error message, in characters. */
const maxShownLength = 40;

/**
 * Finds a number that `JSON.parse` would change in silence: an integer that a
 * double does not hold exactly, or a number beyond its range. (RFC 8259 §6
 * leaves the range to each implementation.)
 *
 * @param json Valid JSON.
 * @returns The beginning of the number, or `undefined` without one.
 */
export function findInexactNumber(json: string): string | undefined {
  if (!suspicious.test(json)) return undefined;
  for (const [token] of json.matchAll(tokens)) {
    if (token.startsWith('"') || isExact(token)) continue;
    return token.slice(0, maxShownLength);
  }
  return undefined;
}

function isExact(token: string): boolean {
  const value = Number(token);
  if (/^-?\d+$/.test(token)) {
    return Number.isSafeInteger(value) ||
      (token.length <= 310 && Number.isFinite(value) &&
        BigInt(value) === BigInt(token));
  }
  // A fraction is rounded to the nearest double, which is what such numbers mean.
  const isZero = /^-?[0.]+(?:[eE]|$)/.test(token);
  return Number.isFinite(value) && (value !== 0 || isZero);
}
