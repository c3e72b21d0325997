import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { Context } from "hono";
import { accepts } from "hono/accepts";
import { makeOnce } from "../async/make_once.ts";

/**
 * Serves a text, the same for all clients, compressed if the client accepts
 * gzip. Browsers keep the text and revalidate it on each use (RFC 9110 §8.8.3,
 * §13.1.2). The first request for an encoding makes the compressed text.
 *
 * @param headers Sent with every answer, a 304 included.
 */
export function staticText(
  text: string,
  contentType: string,
  headers: Readonly<Record<string, string>>,
): (c: Context) => Response {
  return staticBytes(
    () => new TextEncoder().encode(text),
    contentType,
    headers,
  );
}

/** Formats that compress their content themselves: all pictures but SVG. */
const compressedFormat = /^image\/(?!svg)/;

function staticBytes(
  make: () => Uint8Array<ArrayBuffer>,
  contentType: string,
  headers: Readonly<Record<string, string>>,
): (c: Context) => Response {
  const plain = once(make);
  const compressed = once(() =>
    Uint8Array.from(gzipSync(plain(), { level: 9 }))
  );
  const digest = once(() =>
    createHash("sha256").update(plain()).digest("base64url")
  );
  const isCompressible = !compressedFormat.test(contentType);
  return (c) => {
    const isCompressed = isCompressible && acceptsGzip(c);
    const kept = {
      ...headers,
      "Cache-Control": "no-cache",
      // A different tag per encoding (RFC 9110 §8.8.3.3).
      "ETag": `"${digest()}${isCompressed ? "-gzip" : ""}"`,
      ...(isCompressible ? { "Vary": "Accept-Encoding" } : {}),
    };
    if (c.req.header("if-none-match")?.includes(digest())) {
      return c.body(null, 304, kept);
    }
    const bytes = isCompressed ? compressed() : plain();
    return c.body(streamOf(bytes), 200, {
      ...kept,
      "Content-Type": contentType,
      "Content-Length": String(bytes.length),
      ...(isCompressed ? { "Content-Encoding": "gzip" } : {}),
    });
  };
}

/**
 * Serves a file of the binary like {@linkcode staticText}. The first request
 * reads the file.
 *
 * @param headersOf Derives the headers from the file's text.
 */
export function staticFile(
  url: URL,
  contentType: string,
  headersOf: (text: string) => Readonly<Record<string, string>>,
): (c: Context) => Promise<Response> {
  const open = makeOnce(async () => {
    const text = await Deno.readTextFile(url);
    return staticText(text, contentType, headersOf(text));
  });
  return async (c) => (await open())(c);
}

/**
 * Serves a picture that goes into the binary, as {@linkcode staticText} does.
 * The first request reads the file.
 */
export function staticPicture(
  url: URL,
  contentType: string,
  headers: Readonly<Record<string, string>>,
): (c: Context) => Promise<Response> {
  const open = makeOnce(async () => {
    const bytes = await Deno.readFile(url);
    return staticBytes(() => bytes, contentType, headers);
  });
  return async (c) => (await open())(c);
}

/** The maximum number of bytes handed to the runtime at a time. */
const maxPieceBytes = 65_536;

/**
 * Streams bytes shared by all answers. The runtime would copy a body of one
 * piece per answer, report the answer as sent, and keep the copy until the
 * client reads: unlimited copies, shown by no counter.
 */
function streamOf(bytes: Uint8Array<ArrayBuffer>): ReadableStream {
  let sent = 0;
  return new ReadableStream({
    pull(controller) {
      const piece = bytes.subarray(sent, sent + maxPieceBytes);
      sent += piece.length;
      if (piece.length > 0) controller.enqueue(piece);
      if (sent === bytes.length) controller.close();
    },
  }, { highWaterMark: 0 });
}

/** Reads `Accept-Encoding` (RFC 9110 §12.5.3): `gzip` by name, otherwise by `*`. */
function acceptsGzip(c: Context): boolean {
  return accepts(c, {
    header: "Accept-Encoding",
    supports: ["gzip"],
    default: "identity",
    match(accepted) {
      const find = (name: string) =>
        accepted.find(({ type }) => type.toLowerCase() === name);
      const { q } = find("gzip") ?? find("*") ?? { q: 0 };
      return q > 0 ? "gzip" : "identity";
    },
  }) === "gzip";
}

/** Makes a value on first use. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
