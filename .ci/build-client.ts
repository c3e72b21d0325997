/**
 * Builds `src/client/client.js` and `src/client/client.d.ts`, served by the server, from `src/client/mod.ts`, and the
 * further modules of the npm package into `src/client/npm`: as texts, because `deno compile` would load the modules and
 * their frameworks.
 *
 * `deno task client` runs this script; a test compares the committed files with its output.
 *
 * @module
 */
import { buildSync } from "esbuild";
import ts from "typescript";

const folder = new URL("../src/client/", import.meta.url);

const notice = "/* taskwire, MIT License */\n";

/** The modules of the npm package beside the client. */
const parts = ["ui/elements", "ui/react", "ui/svelte", "ui/vue", "worker"];

/** Types shared by the parts. */
const sharedTypes = [
  "ui/views",
  "worker/event",
  "worker/server",
  "worker/task",
];

/** Returns the name of a module in the package, which has no folder `ui`. */
function nameInPackage(path: string): string {
  return path.replace(/^ui\//, "");
}

/** The output of the build, by path below `src/client`. */
export interface ClientFiles {
  readonly "client.js": string;
  readonly "client.d.ts": string;
  readonly [path: string]: string;
}

/** Builds the client without writing files. */
export async function buildClient(): Promise<ClientFiles> {
  const types = [...parts, ...sharedTypes].map(async (path) =>
    [
      `npm/${nameInPackage(path)}.d.ts.txt`,
      notice + await declarePart(path),
    ] as const
  );
  return {
    "client.js": notice + bundle("mod.ts"),
    "client.d.ts": notice + await declare(),
    ...Object.fromEntries(await Promise.all(types)),
    ...Object.fromEntries(
      parts.map((path) => [
        `npm/${nameInPackage(path)}.js.txt`,
        notice + bundlePart(path),
      ]),
    ),
  };
}

/** A part imports the client and the framework. */
function bundlePart(path: string): string {
  const framework = nameInPackage(path);
  return bundle(`${path}.ts`, ["*/mod.ts", framework, `${framework}/*`])
    .replaceAll('"../mod.ts"', '"./client.js"');
}

async function declarePart(path: string): Promise<string> {
  return (await transpileTypes(`${path}.ts`))
    .replace(/^\/\/ @ts-types.*\n/gm, "")
    .replaceAll(/"\.\.\/(?:api|mod)\.ts"/g, '"./client.js"')
    .replaceAll(/"(\.\/[\w/]+)\.ts"/g, '"$1.js"');
}

/**
 * The modules as one, without comments and blanks.
 *
 * Calls esbuild synchronously, since the asynchronous call leaves a process running.
 */
function bundle(entry: string, external: string[] = []): string {
  const { outputFiles: [file] } = buildSync({
    entryPoints: [new URL(entry, folder).pathname],
    bundle: true,
    external,
    write: false,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    minify: true,
    lineLimit: 1000,
    // `deno check` checks the types; esbuild must not read the project's settings.
    tsconfigRaw: {},
    logLevel: "error",
  });
  return file?.text ?? "";
}

/** Bundles the declarations of the client's exports into a module. */
async function declare(): Promise<string> {
  const texts = await Promise.all(
    ["api.ts", "fold_event.ts", "mod.ts"].map(transpileTypes),
  );
  return texts.join("")
    .replace(/^(?:import|export (?:\*|\{[^}]*\} from))[^;]*;\n/gm, "")
    .replace(/^export \{\};\n/gm, "");
}

async function transpileTypes(name: string): Promise<string> {
  const source = await Deno.readTextFile(new URL(name, folder));
  const { outputText, diagnostics = [] } = ts.transpileDeclaration(source, {
    fileName: name,
    reportDiagnostics: true,
    compilerOptions: { target: ts.ScriptTarget.ES2022 },
  });
  const [fault] = diagnostics;
  if (fault === undefined) return outputText;
  throw new TypeError(ts.flattenDiagnosticMessageText(fault.messageText, "\n"));
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(await buildClient())) {
    await Deno.writeTextFile(new URL(name, folder), text);
  }
}
