/** What proxies make: UUIDs, ULIDs, trace ids. Without a dot, so that no JWT gets into the log by it. */
const sane = /^[\w:=-]{1,64}$/;

/**
 * The id by which a request is found in the log: the one that a proxy gave it
 * (`X-Request-Id`), or one of our own.
 */
export function requestIdOf(header: string | undefined): string {
  return header !== undefined && sane.test(header)
    ? header
    : crypto.randomUUID();
}
