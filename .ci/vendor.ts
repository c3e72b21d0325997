/**
 * Copies uPlot's files out of its npm package to where the console is served from: a browser can't read packages, and
 * the console asks no other host. `deno task vendor` runs this after the version in `deno.json` was raised.
 *
 * @module
 */

import type {} from "uplot"; // so that Deno has the package

/** The package's files that the console has, by their names there. */
export const VENDORED_FILES: Readonly<Record<string, string>> = {
  "LICENSE": "../LICENSE",
  "uPlot.esm.js": "uPlot.esm.js",
  "uPlot.min.css": "uPlot.min.css",
};

/** Where the console has them. */
export const VENDOR_FOLDER: URL = new URL(
  "../src/console/vendor/",
  import.meta.url,
);

/** Where the npm package is, if Deno knows it: only of locked packages, so not with those of JSR. */
const packaged = import.meta.resolve("uplot");

/** Whether {@linkcode readPackaged} finds the npm package. */
export const isPackaged: boolean = packaged.startsWith("file:");

/** Reads one of {@linkcode VENDORED_FILES} from the npm package. */
export async function readPackaged(name: string): Promise<string> {
  const path = VENDORED_FILES[name];
  if (path === undefined) throw new RangeError(`${name} is not vendored`);
  return await Deno.readTextFile(new URL(path, packaged));
}

async function vendor(): Promise<void> {
  await Deno.mkdir(VENDOR_FOLDER, { recursive: true });
  for (const name of Object.keys(VENDORED_FILES)) {
    await Deno.writeTextFile(
      new URL(name, VENDOR_FOLDER),
      await readPackaged(name),
    );
  }
}

if (import.meta.main) await vendor();
