/** The longest user id, in characters: sockets and tasks store ids. */
export const maxUserIdLength = 256;

/** The digits of a double's largest finite value. */
const maxIntegerDigits = 309;

/**
 * Encodes a user id as JSON: a number if the text is a plain decimal integer
 * (no sign, no leading zero) that a double holds exactly, otherwise a string
 * (spec §1, `connected`). The digits are copied, because `JSON.stringify` would
 * print 2^60 with different digits.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(encodeUserId("42"), "42");
 * assertEquals(encodeUserId("042"), '"042"');
 * assertEquals(encodeUserId("alice"), '"alice"');
 * ```
 *
 * @param userId The id as text, the form in which ids are compared.
 * @returns JSON source text.
 */
export function encodeUserId(userId: string): string {
  return isExactInteger(userId) ? userId : JSON.stringify(userId);
}

function isExactInteger(text: string): boolean {
  if (text.length > maxIntegerDigits || !/^(?:0|[1-9][0-9]*)$/.test(text)) {
    return false;
  }
  const value = Number(text);
  return Number.isSafeInteger(value) ||
    (Number.isFinite(value) && BigInt(value) === BigInt(text));
}

/**
 * Reads a user id from a claim or a request's member: a string of 1 to 256
 * characters, or a whole number that JSON carries without loss (RFC 8259 §6).
 *
 * @returns The id as text, or `undefined` if the value is no user id.
 */
export function parseUserId(value: unknown): string | undefined {
  if (typeof value === "string") {
    return value === "" || value.length > maxUserIdLength ? undefined : value;
  }
  return Number.isSafeInteger(value) ? String(value) : undefined;
}
