/** Statuses without a body. The headers of a 101 can't be changed. */
const statusesWithoutBody: readonly number[] = [101, 204, 304];

/**
 * Completes the headers of an answer.
 *
 * - `nosniff`: browsers rely on the declared content type.
 * - `no-store`, unless the answer has a `Cache-Control` header: browsers and
 *   proxies do not keep the answer to a request with a key (RFC 9111 §5.2.2.5).
 * - `no-transform` (RFC 9111 §5.2.2.6) stops Deno 2.4 from compressing every
 *   answer for clients with `Accept-Encoding`. Compression would block the only
 *   thread for milliseconds per request, and would hold back event streams.
 *   `static_files.ts` compresses static files, once per file.
 */
export function withAnswerHeaders(response: Response): Response {
  // Reading `response.body` would turn every body into a stream.
  if (statusesWithoutBody.includes(response.status)) return response;
  const { headers } = response;
  headers.set("X-Content-Type-Options", "nosniff");
  const known = headers.get("cache-control") ?? "no-store";
  if (!known.includes("no-transform")) {
    // One header line: the runtime reads only the first.
    headers.set("Cache-Control", `${known}, no-transform`);
  }
  return response;
}
