/**
 * Returns an origin as browsers send it: `null`, a scheme and a host, without
 * a default port (RFC 6454 §6.1). Schemes of apps and extensions, such as
 * `capacitor://localhost`, are kept as they are.
 *
 * @returns `undefined` for any text except an origin.
 */
export function canonicalOrigin(text: string): string | undefined {
  if (text === "null" || text === "file://") return text;
  if (!/^[a-z][a-z\d+.-]*:\/\/[^\s/?#@*,\\]+$/i.test(text)) return undefined;
  if (!/^https?:/i.test(text)) return text;
  return URL.canParse(text) ? new URL(text).origin : undefined;
}
