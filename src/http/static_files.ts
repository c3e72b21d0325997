import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { Context } from "hono";
import { accepts } from "hono/accepts";
import { getMimeType, mimes } from "hono/utils/mime";
import { makeOnce } from "../async/make_once.ts";

type HeaderMap = Readonly<Record<string, string>>;

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
  headers: HeaderMap,
): (c: Context) => Response {
  return staticBytes(
    () => new TextEncoder().encode(text),
    contentType,
    headers,
  );
}

/** Formats that compress their content themselves: all pictures but SVG, and archives. */
const compressedFormat = /^image\/(?!svg)|^application\/(?:gzip|zip)$/;

function staticBytes(
  make: () => Uint8Array<ArrayBuffer>,
  contentType: string,
  headers: HeaderMap,
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

const plainText = "text/plain; charset=utf-8";

/** Hono takes `.ts` for a video. */
const mediaTypes = { ...mimes, ts: plainText };

/**
 * Serves a file of the binary like {@linkcode staticText}. The first request
 * reads the file.
 *
 * @param headers Sent with every answer, or derived from the file's text.
 */
export function staticFile(
  url: URL,
  headers: HeaderMap | ((text: string) => HeaderMap),
): (c: Context) => Promise<Response> {
  const contentType = getMimeType(url.pathname, mediaTypes) ?? plainText;
  return staticMade(() => Deno.readFile(url), contentType, headers);
}

/**
 * Serves bytes like {@linkcode staticFile}. The first request makes the bytes.
 *
 * @param headers Sent with every answer, or derived from the bytes as text.
 */
export function staticMade(
  make: () => Promise<Uint8Array<ArrayBuffer>>,
  contentType: string,
  headers: HeaderMap | ((text: string) => HeaderMap),
): (c: Context) => Promise<Response> {
  const open = makeOnce(async () => {
    const bytes = await make();
    return staticBytes(
      () => bytes,
      contentType,
      typeof headers === "function"
        ? headers(new TextDecoder().decode(bytes))
        : headers,
    );
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
