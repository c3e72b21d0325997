import type { Problem } from "../protocol/problem.ts";

/** A host with an optional port (RFC 9110 §7.2), as web clients write it. */
const authority = String.raw`(?:\[[\da-f:.]+\]|[\w.~-]+)(?::\d{0,5})?`;
const hostPattern = new RegExp(`^${authority}$`, "i");

/** A URL with an unambiguous end of the host. */
const urlPattern = new RegExp(`^https?://${authority}/[^#]*$`, "i");

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
