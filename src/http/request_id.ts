/** Ids made by proxies; without dots, to keep JWTs out of the log. */
const sane = /^[\w:=-]{1,64}$/;

/**
 * Returns the id of a request in the log: the `X-Request-Id` set by a proxy if
 * it is well-formed, otherwise a new UUID.
 */
export function requestIdOf(header: string | undefined): string {
  return header !== undefined && sane.test(header)
    ? header
    : crypto.randomUUID();
}
