/** Statuses of answers without a body, an upgrade among them, whose headers can't be changed. */
const statusesWithoutBody: readonly number[] = [101, 204, 304];

/**
 * Completes the headers of an answer.
 *
 * - `nosniff`: a browser believes the declared type of the body.
 * - `no-store`, unless the answer has a rule of its own: neither a browser nor a
 *   proxy keeps the answer to a request with a key (RFC 9111 §5.2.2.5).
 * - `no-transform` (RFC 9111 §5.2.2.6): Deno 2.4 compresses each answer anew
 *   unless it is forbidden to: milliseconds of the only thread for any stranger
 *   who asks for `br`, and a stream that is held back. Static files are
 *   compressed once, by `static_text.ts`.
 */
export function withAnswerHeaders(response: Response): Response {
  // To ask for `response.body` would turn every body into a stream.
  if (statusesWithoutBody.includes(response.status)) return response;
  const { headers } = response;
  headers.set("X-Content-Type-Options", "nosniff");
  const known = headers.get("cache-control") ?? "no-store";
  if (!known.includes("no-transform")) {
    // In one line: the runtime reads only the first.
    headers.set("Cache-Control", `${known}, no-transform`);
  }
  return response;
}
