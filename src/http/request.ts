import type { Context, MiddlewareHandler, Next } from "hono";
import { log } from "../log/log.ts";
import { type AuthorizationContext, requireScope } from "./authorization.ts";
import { ProblemError } from "../protocol/problem.ts";

/** Drops a byte order mark at the start, as `Request.text` does. */
const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

/** A middleware that lets through API keys, and JWTs with any of these scopes. */
export function allow(
  scopes: readonly string[],
  services: AuthorizationContext,
): MiddlewareHandler {
  return async function authorize(c, next) {
    await requireScope(c, scopes, services);
    await next();
  };
}

/**
 * A middleware that lets through bodies that are sent as they are: nothing here
 * undoes an encoding, and compressed bytes would be read as bad text.
 *
 * @throws {ProblemError} 415 for another `Content-Encoding` (RFC 9110 §12.5.3).
 */
export async function refuseEncoded(c: Context, next: Next): Promise<void> {
  const encoding = c.req.header("content-encoding")?.trim().toLowerCase();
  if (encoding && encoding !== "identity") {
    throw new ProblemError({
      status: 415,
      code: "unsupported_encoding",
      detail: "The body has a Content-Encoding: send it uncompressed",
      headers: { "Accept-Encoding": "identity" },
    });
  }
  await next();
}

/**
 * The body of a request as text, kept no further than its limit. (Hono's
 * `bodyLimit` goes on holding a body that it has refused.)
 *
 * @throws {ProblemError} 400 for a body that is not UTF-8, 413 over the limit.
 */
export async function readBody(
  request: Request,
  maxBytes: number,
): Promise<string> {
  try {
    return strictUtf8.decode(await readBytes(request, maxBytes));
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    throw new ProblemError({
      status: 400,
      code: "bad_json",
      detail: "The body is not UTF-8, as JSON must be",
    });
  }
}

async function readBytes(
  request: Request,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  await refuseAnnounced(request, maxBytes);
  try {
    return request.headers.has("content-length")
      ? await request.bytes()
      : await readChunks(request, maxBytes);
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    log.debug("A body did not arrive: {error}", { error });
    throw bodyIncomplete();
  }
}

/**
 * Refuses a body by its `Content-Length`.
 *
 * @throws {ProblemError} 413 over the limit.
 */
export async function refuseAnnounced(
  { headers, body }: Request,
  maxBytes: number,
): Promise<void> {
  if (Number(headers.get("content-length") ?? 0) <= maxBytes) return;
  // A client that has sent `Expect: 100-continue` asks before it writes.
  if (body && !headers.has("expect")) await discardBody(body.getReader());
  throw bodyTooLarge(maxBytes);
}

/**
 * Reads a body to its end for nothing: a client that writes its whole request
 * first would meet a broken connection instead of the refusal.
 */
export async function discardBody(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<void> {
  try {
    while (!(await reader.read()).done);
  } catch (error) {
    log.debug("A body did not arrive: {error}", { error });
  }
}

/** A 413 for a body over its limit. */
export function bodyTooLarge(maxBytes: number): ProblemError {
  return new ProblemError({
    status: 413,
    code: "body_too_large",
    detail: `The body may have ${maxBytes} bytes at most`,
  });
}

/** A 400 for a body that broke off. */
export function bodyIncomplete(): ProblemError {
  return new ProblemError({
    status: 400,
    code: "body_incomplete",
    detail: "The body did not arrive to its end",
  });
}

async function readChunks(
  request: Request,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  let kept = new Uint8Array(0);
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    const start = bytes;
    bytes += chunk.length;
    if (bytes > maxBytes) throw bodyTooLarge(maxBytes); // it may have no end
    if (bytes > kept.length) {
      const larger = new Uint8Array(2 * bytes);
      larger.set(kept);
      kept = larger;
    }
    kept.set(chunk, start);
  }
  return kept.subarray(0, bytes);
}

/**
 * A whole number of the query.
 *
 * @returns The fallback where the parameter is absent.
 * @throws {ProblemError} 400 where it isn't a number within the bounds.
 */
export function readWhole(
  c: Context,
  name: string,
  { min, max, fallback }: { min: number; max: number; fallback: number },
): number {
  const text = c.req.query(name);
  if (text === undefined) return fallback;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw badQuery(`${name}: expected a whole number from ${min} to ${max}`);
}

/** A 400 for a query parameter. */
export function badQuery(detail: string): ProblemError {
  return new ProblemError({ status: 400, code: "bad_query", detail });
}

/** A 404 for a task of which nothing is known. */
export function unknownTask(): ProblemError {
  return new ProblemError({
    status: 404,
    code: "task_unknown",
    detail:
      "Nothing is known of this task: nothing was published, or its time is over",
  });
}
