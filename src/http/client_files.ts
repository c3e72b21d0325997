import { createHash } from "node:crypto";
import { type Context, Hono } from "hono";
import type { Services } from "../services.ts";

/** The browser client as it is served. */
export interface ClientFiles {
  /** The module. */
  readonly script: string;
  /** Its declarations, for TypeScript. */
  readonly types: string;
}

/**
 * Reads the browser client, which `deno task client` has built.
 *
 * @throws {Deno.errors.NotFound} When a file is not in the binary.
 */
export async function readClientFiles(): Promise<ClientFiles> {
  const [script, types] = await Promise.all(
    ["client.js", "client.d.ts"].map((name) =>
      Deno.readTextFile(new URL(`../client/${name}`, import.meta.url))
    ),
  );
  return { script: script ?? "", types: types ?? "" };
}

/**
 * `/client.js` and `/client.d.ts`: the browser client, which pages of any
 * origin may import.
 */
export function clientFileRoutes({ clientFiles }: Services): Hono {
  const { script, types } = clientFiles;
  return new Hono()
    .get(
      "/client.js",
      serveText(script, {
        "Content-Type": "text/javascript; charset=UTF-8",
        "X-TypeScript-Types": "./client.d.ts", // for Deno
      }),
    )
    .get(
      "/client.d.ts",
      serveText(types, { "Content-Type": "text/plain; charset=UTF-8" }),
    );
}

/** Serves a text that browsers keep, and ask about each time (RFC 9110 §8.8.3, §13.1.2). */
function serveText(
  text: string,
  headers: Record<string, string>,
): (c: Context) => Response {
  const digest = createHash("sha256").update(text).digest("base64url");
  const common = {
    "Access-Control-Allow-Origin": "*",
    "Cache-Control": "no-cache",
    "ETag": `"${digest}"`,
    "X-Content-Type-Options": "nosniff",
  };
  return (c) =>
    c.req.header("if-none-match")?.includes(digest)
      ? c.body(null, 304, common)
      : c.body(text, 200, { ...common, ...headers });
}
