import { createHash } from "node:crypto";
import { zipSync } from "fflate";
import { sourceFile } from "../process/source_files.ts";
import { version } from "../process/version.ts";

/** The file name of the Python library; pip reads the version from the name. */
export const wheelName = `taskwire-${version}-py3-none-any.whl`;

/** The folder of the library's description, as named by the format. */
const infoFolder = `taskwire-${version}.dist-info`;

const metadata = `Metadata-Version: 2.1
Name: taskwire
Version: ${version}
Summary: Publishes the progress of background tasks to a taskwire server
License: MIT
Requires-Python: >=3.9
Classifier: Typing :: Typed
`;

const wheel = `Wheel-Version: 1.0
Generator: taskwire (${version})
Root-Is-Purelib: true
Tag: py3-none-any
`;

/** The same in each wheel, so that equal sources make equal bytes. */
const mtime = new Date(1980, 0, 1);

/**
 * Packs `src/python` into a wheel (Python Packaging User Guide, 'Binary
 * distribution format'). Packed by the server, so that the wheel always has the
 * server's version.
 */
export async function makeWheel(): Promise<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  const files = await readLibrary();
  files[`${infoFolder}/METADATA`] = encoder.encode(metadata);
  files[`${infoFolder}/WHEEL`] = encoder.encode(wheel);
  const record = `${infoFolder}/RECORD`;
  const lines = Object.entries(files).map(([path, bytes]) =>
    `${path},sha256=${hash(bytes)},${bytes.length}\n`
  );
  files[record] = encoder.encode(`${lines.join("")}${record},,\n`);
  return Uint8Array.from(zipSync(files, { mtime }));
}

/** Reads the files of the library, by path. */
async function readLibrary(): Promise<Record<string, Uint8Array>> {
  const folder = sourceFile("python/taskwire/");
  const entries = await Array.fromAsync(Deno.readDir(folder));
  const names = entries.map(({ name }) => name)
    .filter((name) => /\.py$|^py\.typed$/.test(name)).sort();
  const files = names.map(async (name) =>
    [`taskwire/${name}`, await Deno.readFile(new URL(name, folder))] as const
  );
  return Object.fromEntries(await Promise.all(files));
}

function hash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("base64url");
}
