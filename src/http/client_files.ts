import { Hono } from "hono";
import type { Services } from "../services.ts";
import { staticText } from "./static_files.ts";

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
  const headers = {
    "Access-Control-Allow-Origin": "*",
    "X-Content-Type-Options": "nosniff",
  };
  return new Hono()
    .get(
      "/client.js",
      staticText(script, "text/javascript; charset=UTF-8", {
        ...headers,
        "X-TypeScript-Types": "./client.d.ts", // for Deno
      }),
    )
    .get(
      "/client.d.ts",
      staticText(types, "text/plain; charset=UTF-8", headers),
    );
}
