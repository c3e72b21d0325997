import type { Problem } from "../protocol/problem.ts";

/** A host with an optional port (RFC 9110 §7.2), as clients of the web write it. */
const authority = String.raw`(?:\[[\da-f:.]+\]|[\w.~-]+)(?::\d{0,5})?`;
const hostPattern = new RegExp(`^${authority}$`, "i");

/** A URL of which host and path cannot be mistaken for each other. */
const urlPattern = new RegExp(`^https?://${authority}/[^#]*$`, "i");

/**
 * Finds the fault of a request that could be read in two ways. A proxy with
 * path rules may read such a request in one way, and this server in the other.
 *
 * The runtime builds `request.url` from the `Host` header and the request's
 * target. Everything that reads the URL, Hono's router included, trusts that
 * the host ends before the target begins; so a `Host` with a `/`, `?` or `#`
 * must go no further (RFC 9112 §3.2). A missing `Host` passes, because HTTP/2
 * and the health checks of HTTP/1.0 have none and the runtime shows no version.
 *
 * @returns `undefined` for a request that can be answered.
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
  if (!urlPattern.test(url) || !URL.canParse(url)) {
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
  return hostPattern.test(text) && URL.canParse(`http://${text}`);
}

function isHostOf(url: string, host: string): boolean {
  const start = url.indexOf("://") + 3;
  if (url.startsWith(`${host}/`, start)) return true;
  const { protocol, host: expected } = new URL(url);
  return new URL(`${protocol}//${host}`).host === expected;
}

/** The length of a body must have one reading (RFC 9112 §6.3). */
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
      "The body's length must be given once: by Content-Length, or by Transfer-Encoding: chunked",
  });
}

/** Ends the connection, too: its next request may be the rest of this one. */
function badRequest(fault: Pick<Problem, "code" | "detail">): Problem {
  return { status: 400, ...fault, headers: { Connection: "close" } };
}
