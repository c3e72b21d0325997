import type { Context, MiddlewareHandler } from "hono";
import { log } from "../log/log.ts";
import { type AuthorizationContext, requireScope } from "./authorization.ts";
import { refuseLimited } from "./task_access.ts";
import { ProblemError } from "../protocol/problem.ts";
import { type Status, statuses } from "../tasks/status.ts";

/** Drops a byte order mark at the start, like `Request.text`. */
const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

/** Puts U+FFFD in the place of bad bytes, and is faster for good bytes. */
const lenientUtf8 = new TextDecoder();

/**
 * Creates a middleware to admit API keys, and JWTs with any of the scopes, to a
 * route about the whole server: a JWT limited to some tasks gets 403.
 */
export function allow(
  scopes: readonly string[],
  services: AuthorizationContext,
): MiddlewareHandler {
  return async function authorize(c, next) {
    refuseLimited(await requireScope(c, scopes, services));
    await next();
  };
}

/**
 * Refuses bodies with a content encoding. The server does not decompress, and
 * would read compressed bytes as bad text.
 *
 * @throws {ProblemError} 415 for a `Content-Encoding` other than `identity`
 * (RFC 9110 §12.5.3).
 */
export function refuseEncoded(c: Context): void {
  const encoding = c.req.header("content-encoding")?.trim().toLowerCase();
  if (encoding && encoding !== "identity") {
    throw new ProblemError({
      status: 415,
      code: "unsupported_encoding",
      detail: "The body has a Content-Encoding: send it uncompressed",
      headers: { "Accept-Encoding": "identity" },
    });
  }
}

/**
 * Reads the body of a request as text, and keeps no bytes beyond the limit.
 * (Hono's `bodyLimit` keeps holding a refused body.)
 *
 * @throws {ProblemError} 400 for a body that is not UTF-8, 413 over the limit.
 */
export async function readBody(
  request: Request,
  maxBytes: number,
): Promise<string> {
  const refusal = refuseAnnounced(request, maxBytes);
  if (refusal) await refusal;
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = request.headers.get("content-length") === null
      ? await readChunks(request, maxBytes)
      : await request.bytes();
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    log.debug("Could not read a request body to the end: {error}", { error });
    throw bodyIncomplete();
  }
  return decode(bytes);
}

function decode(bytes: Uint8Array<ArrayBuffer>): string {
  const text = lenientUtf8.decode(bytes);
  if (!text.includes("\ufffd")) return text;
  try {
    return strictUtf8.decode(bytes);
  } catch {
    // a TypeError without details
    throw new ProblemError({
      status: 400,
      code: "bad_json",
      detail: "The body is not UTF-8: send JSON encoded as UTF-8",
    });
  }
}

/**
 * Refuses a body by its `Content-Length`.
 *
 * @returns `undefined` for a body within the limit: the caller then need not
 * wait.
 * @throws {ProblemError} 413 over the limit.
 */
export function refuseAnnounced(
  request: Request,
  maxBytes: number,
): Promise<never> | undefined {
  const length = request.headers.get("content-length") ?? 0;
  return Number(length) <= maxBytes
    ? undefined
    : refuseTooLarge(request, maxBytes);
}

async function refuseTooLarge(
  { body, headers }: Request,
  maxBytes: number,
): Promise<never> {
  // Clients wait after `Expect: 100-continue` and send no body yet.
  if (body && !headers.has("expect")) await discardBody(body.getReader());
  throw bodyTooLarge(maxBytes);
}

/**
 * Reads a body to the end and drops the bytes. A client writing its whole
 * request first would otherwise see a broken connection instead of the refusal.
 */
export async function discardBody(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<void> {
  try {
    while (!(await reader.read()).done);
  } catch (error) {
    log.debug("Could not read a request body to the end: {error}", { error });
  }
}

/** Returns a 413 for a body over the limit. */
export function bodyTooLarge(maxBytes: number): ProblemError {
  return new ProblemError({
    status: 413,
    code: "body_too_large",
    detail:
      `The body is longer than the limit of ${maxBytes} bytes: send less in one request`,
  });
}

/** Returns a 400 for a body that broke off. */
export function bodyIncomplete(): ProblemError {
  return new ProblemError({
    status: 400,
    code: "body_incomplete",
    detail:
      "The connection broke before the end of the body: send the request again",
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
    if (bytes > maxBytes) throw bodyTooLarge(maxBytes); // the body may be endless
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
 * Reads a whole number from the query.
 *
 * @returns The fallback if the parameter is absent.
 * @throws {ProblemError} 400 if the value is not a number within the bounds.
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

/**
 * Parses a status in the query.
 *
 * @throws {ProblemError} 400 for another word.
 */
export function parseStatus(text: string): Status {
  const status = statuses.find((status) => status === text);
  if (status !== undefined) return status;
  throw badQuery(`status: expected one of ${statuses.join(", ")}`);
}

/** Returns a 400 for a query parameter. */
export function badQuery(detail: string): ProblemError {
  return new ProblemError({ status: 400, code: "bad_query", detail });
}
