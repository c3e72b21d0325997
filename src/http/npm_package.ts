import { gzipSync } from "node:zlib";
import { createTar } from "nanotar";
import { sourceFile } from "../process/source_files.ts";
import { version } from "../process/version.ts";

/** The frameworks with a module, and the versions that the modules work with. */
const peers = { react: ">=18", svelte: ">=5.7", vue: ">=3.3" };

/** The files below `src/client`, built by `deno task client`. */
export const npmFiles: readonly string[] = [
  "client.js",
  "client.d.ts",
  ...["elements", "react", "svelte", "vue", "worker"].flatMap((name) => [
    `npm/${name}.js.txt`,
    `npm/${name}.d.ts.txt`,
  ]),
  "npm/views.d.ts.txt",
  "npm/worker/event.d.ts.txt",
  "npm/worker/server.d.ts.txt",
  "npm/worker/task.d.ts.txt",
];

/** The folder of all files, as npm packs them. */
const folder = "package/";

/**
 * Packs the client and its modules for frameworks into an npm package. Packed
 * by the server, so that the package always has the server's version.
 */
export async function makeNpmPackage(): Promise<Uint8Array<ArrayBuffer>> {
  const files = await Promise.all(npmFiles.map(async (path) => ({
    name: folder + path.replace(/^npm\/(.*)\.txt$/, "$1"),
    data: await Deno.readFile(sourceFile(`client/${path}`)),
  })));
  const description = {
    name: `${folder}package.json`,
    data: `${JSON.stringify(describePackage(), undefined, 2)}\n`,
  };
  // Equal files make equal bytes.
  const attrs = { mode: "644", mtime: 0 };
  return Uint8Array.from(
    gzipSync(createTar([description, ...files], { attrs }), { level: 9 }),
  );
}

/** Returns the content of `package.json`. */
function describePackage() {
  const modules: Record<string, string> = { ".": "client" };
  for (const name of ["elements", ...Object.keys(peers), "worker"]) {
    modules[`./${name}`] = name;
  }
  return {
    name: "taskwire",
    version,
    description:
      "Publishes and watches background tasks of a taskwire server, with hooks for React, Svelte and Vue",
    license: "MIT",
    type: "module",
    // `elements` defines elements.
    sideEffects: ["./elements.js"],
    exports: {
      ...Object.fromEntries(
        Object.entries(modules).map(([path, name]) => [path, {
          types: `./${name}.d.ts`,
          default: `./${name}.js`,
        }]),
      ),
      "./package.json": "./package.json",
    },
    peerDependencies: peers,
    peerDependenciesMeta: Object.fromEntries(
      Object.keys(peers).map((name) => [name, { optional: true }]),
    ),
  };
}
