/** Statuses of answers without a body, an upgrade among them, whose headers can't be changed. */
const statusesWithoutBody: readonly number[] = [101, 204, 304];

/**
 * Forbids to compress an answer on its way (RFC 9111 §5.2.2.6). Deno 2.4
 * compresses each answer anew unless it is forbidden to: milliseconds of the
 * only thread for any stranger who asks for `br`, and a stream that is held
 * back. Static files are compressed once, by `static_text.ts`.
 */
export function withNoTransform(response: Response): Response {
  // To ask for `response.body` would turn every body into a stream.
  if (statusesWithoutBody.includes(response.status)) return response;
  const known = response.headers.get("cache-control");
  if (!known?.includes("no-transform")) {
    // In one line: the runtime reads only the first.
    const directives = known ? `${known}, no-transform` : "no-transform";
    response.headers.set("Cache-Control", directives);
  }
  return response;
}
