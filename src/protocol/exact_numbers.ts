/**
 * Quickly finds JSON that may contain inexact numbers. Long digits after a
 * decimal point are no integer.
 */
const suspicious = /(?<![\d.])\d{16}|[eE][+-]?\d{3}/;

/** Matches the strings and numbers of JSON. */
const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;

/** The maximum length of a number in an error message, in characters. */
const maxShownLength = 40;

/**
 * Finds a number that `JSON.parse` would silently change: an integer that a
 * double can't represent exactly, or a number beyond a double's range. (RFC
 * 8259 §6 leaves the range to implementations.)
 *
 * @param json Valid JSON.
 * @returns The beginning of the number; `undefined` if all numbers are exact.
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
  // Fractions are expected to be rounded to the nearest double.
  const isZero = /^-?[0.]+(?:[eE]|$)/.test(token);
  return Number.isFinite(value) && (value !== 0 || isZero);
}
