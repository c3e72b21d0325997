/**
 * Whether a browser's page may open a socket here (RFC 6455 §10.2). Any page
 * that the user visits can try to, with no say of the user's.
 *
 * @param origin The `Origin` header; a request without one is no browser's.
 * @param host The `Host` header.
 * @param allowed Origins, or `*` for any; where none is named, the server's own host.
 */
export function isOriginAllowed(
  origin: string | undefined,
  host: string | undefined,
  allowed: readonly string[],
): boolean {
  if (origin === undefined || allowed.includes("*")) return true;
  if (allowed.length > 0) return allowed.includes(origin);
  return URL.canParse(origin) && host !== undefined &&
    new URL(origin).host === host.toLowerCase();
}
