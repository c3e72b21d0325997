/**
 * Copies uPlot's files from the npm package to the console's folder, since browsers cannot read packages and the
 * console loads files only from the server. Run `deno task vendor` after each change of the version in `deno.json`.
 *
 * @module
 */

import type {} from "uplot"; // so that Deno has the package

/** The copied files of the package, by their names in the console's folder. */
export const VENDORED_FILES: Readonly<Record<string, string>> = {
  "LICENSE": "../LICENSE",
  "uPlot.esm.js": "uPlot.esm.js",
  "uPlot.min.css": "uPlot.min.css",
};

/** The folder of the copies. */
export const VENDOR_FOLDER: URL = new URL(
  "../src/console/vendor/",
  import.meta.url,
);

/** The location of the npm package, if locked: undefined with the lockfile for JSR. */
const packaged = import.meta.resolve("uplot");

/** True if {@linkcode readPackaged} finds the npm package. */
export const isPackaged: boolean = packaged.startsWith("file:");

/** Reads a file of {@linkcode VENDORED_FILES} from the npm package. */
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
