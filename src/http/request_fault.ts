import type { Problem } from "../protocol/problem.ts";

/** A host with an optional port (RFC 9110 §7.2), as web clients write it. */
const authority = String.raw`(?:\[[\da-f:.]+\]|[\w.~-]+)(?::\d{0,5})?`;
const hostPattern = new RegExp(`^${authority}$`, "i");

/** A URL with an unambiguous end of the host. */
const urlPattern = new RegExp(`^https?://${authority}/[^#]*$`, "i");

/** The maximum number of hosts in {@linkcode validHosts}. */
const maxValidHosts = 16;

/** Hosts of earlier requests, known to be valid: most requests repeat a host. */
const validHosts = new Set<string>();

/**
 * Finds the fault of a request with two possible readings. A proxy with path
 * rules may read the request differently.
 *
 * The runtime builds `request.url` from the `Host` header and the request
 * target. Every reader of the URL, Hono's router included, assumes the host to
 * end before the target begins, and a `Host` with `/`, `?` or `#` is refused
 * (RFC 9112 §3.2). A missing `Host` passes: HTTP/2 and the health checks of
 * HTTP/1.0 send none, and the runtime does not show the HTTP version.
 *
 * @returns `undefined` for a valid request.
 */
export function requestFault(
  { url, headers }: Pick<Request, "url" | "headers">,
): Problem | undefined {
  const host = headers.get("host");
  if (host !== null && !isHost(host)) {
    return badRequest({
      code: "bad_host",
      detail:
        "The Host header must be one host name or IP address, with or without a port",
    });
  }
  if (!isTarget(url, host)) {
    return badRequest({
      code: "bad_request_target",
      detail:
        "The request's target must be a path, or an http URL without user name and fragment",
    });
  }
  if (host !== null && !isHostOf(url, host)) {
    return badRequest({
      code: "bad_host",
      detail: "The Host header and the request's target name different hosts",
    });
  }
  return framingFault(headers);
}

function isHost(text: string): boolean {
  if (validHosts.has(text)) return true;
  if (!hostPattern.test(text) || !URL.canParse(`http://${text}`)) return false;
  if (validHosts.size >= maxValidHosts) validHosts.clear();
  validHosts.add(text);
  return true;
}

/** @param host A valid host. */
function isTarget(url: string, host: string | null): boolean {
  // With a valid host, every path and query can be parsed.
  if (host !== null && isUnder(url, host)) return !url.includes("#");
  return urlPattern.test(url) && URL.canParse(url);
}

/** Checks if a URL names a host exactly as the `Host` header does. */
function isUnder(url: string, host: string): boolean {
  return url.startsWith(`http://${host}/`) ||
    url.startsWith(`https://${host}/`);
}

function isHostOf(url: string, host: string): boolean {
  if (isUnder(url, host)) return true;
  const { protocol, host: expected } = new URL(url);
  return new URL(`${protocol}//${host}`).host === expected;
}

/** Refuses an ambiguous length of the body (RFC 9112 §6.3). */
function framingFault(headers: Headers): Problem | undefined {
  const length = headers.get("content-length");
  const coding = headers.get("transfer-encoding");
  if (coding === null) {
    if (length === null || /^\d+$/.test(length)) return undefined;
  } else if (length === null && coding.toLowerCase() === "chunked") {
    return undefined;
  }
  return badRequest({
    code: "bad_framing",
    detail:
      "The length of the body must be given exactly once: by Content-Length, or by Transfer-Encoding: chunked",
  });
}

/** Closes the connection: the rest of the bad request may follow. */
function badRequest(fault: Pick<Problem, "code" | "detail">): Problem {
  return { status: 400, ...fault, headers: { Connection: "close" } };
}
