const encoder = new TextEncoder();

/** The longest start of a text that fits in so many bytes of UTF-8, without a broken character. */
export function limitUtf8(text: string, maxBytes: number): string {
  const bytes = new Uint8Array(maxBytes);
  return text.slice(0, encoder.encodeInto(text, bytes).read);
}

/** Whether a text takes more bytes of UTF-8 than allowed; encodes it only where its length leaves that open. */
export function exceedsUtf8(text: string, maxBytes: number): boolean {
  if (text.length > maxBytes) return true;
  if (text.length * 3 <= maxBytes) return false;
  return encoder.encode(text).length > maxBytes;
}
