const encoder = new TextEncoder();

/** Returns the longest whole prefix within a number of bytes of UTF-8. */
export function limitUtf8(text: string, maxBytes: number): string {
  const bytes = new Uint8Array(maxBytes);
  return text.slice(0, encoder.encodeInto(text, bytes).read);
}

/**
 * True if a text is longer than a number of bytes of UTF-8. Encodes the text
 * only if its length does not decide.
 */
export function exceedsUtf8(text: string, maxBytes: number): boolean {
  if (text.length > maxBytes) return true;
  if (text.length * 3 <= maxBytes) return false;
  return encoder.encode(text).length > maxBytes;
}
