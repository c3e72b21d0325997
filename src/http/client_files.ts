import { Hono } from "hono";
import { makeNpmPackage } from "./npm_package.ts";
import { makeWheel, wheelName } from "./python_wheel.ts";
import { staticFile, staticMade } from "./static_files.ts";
import { sourceFile } from "../process/source_files.ts";

const scriptUrl = sourceFile("client/client.js");
const typesUrl = sourceFile("client/client.d.ts");

/**
 * Serves `/client.js` and `/client.d.ts`, the browser client built by `deno
 * task client`, the npm package with the client, and the Python library. Pages
 * of any origin may import the files.
 */
export function clientFileRoutes(): Hono {
  const headers = {
    "Access-Control-Allow-Origin": "*",
    "X-Content-Type-Options": "nosniff",
  };
  return new Hono()
    .get(
      "/client.js",
      staticFile(scriptUrl, {
        ...headers,
        "X-TypeScript-Types": "./client.d.ts", // for Deno
      }),
    )
    .get("/client.d.ts", staticFile(typesUrl, headers))
    .get(
      "/client.tgz",
      staticMade(makeNpmPackage, "application/gzip", headers),
    )
    .get(`/${wheelName}`, staticMade(makeWheel, "application/zip", headers));
}
