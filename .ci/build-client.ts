/**
 * Builds `src/client/client.js` and `src/client/client.d.ts`, served by the server, from `src/client/mod.ts`.
 *
 * `deno task client` runs this script; a test compares the committed files with its output.
 *
 * @module
 */
import { buildSync } from "esbuild";
import ts from "typescript";

const folder = new URL("../src/client/", import.meta.url);

const notice = "/* taskwire, MIT License */\n";

/** The output of the build, by file name. */
export interface ClientFiles {
  readonly "client.js": string;
  readonly "client.d.ts": string;
}

/** Builds the client without writing files. */
export async function buildClient(): Promise<ClientFiles> {
  return {
    "client.js": notice + bundle(),
    "client.d.ts": notice + await declare(),
  };
}

/**
 * The modules as one, without comments and blanks.
 *
 * Calls esbuild synchronously, since the asynchronous call leaves a process running.
 */
function bundle(): string {
  const { outputFiles: [file] } = buildSync({
    entryPoints: [new URL("mod.ts", folder).pathname],
    bundle: true,
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
  let text = "";
  for (const name of ["api.ts", "mod.ts"]) {
    const source = await Deno.readTextFile(new URL(name, folder));
    const { outputText, diagnostics = [] } = ts.transpileDeclaration(source, {
      fileName: name,
      reportDiagnostics: true,
      compilerOptions: { target: ts.ScriptTarget.ES2022 },
    });
    const [fault] = diagnostics;
    if (fault) {
      throw new TypeError(
        ts.flattenDiagnosticMessageText(fault.messageText, "\n"),
      );
    }
    text += outputText;
  }
  return text
    .replace(/^(?:import|export \*)[^;]*;\n/gm, "")
    .replace(/^export \{\};\n/gm, "");
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(await buildClient())) {
    await Deno.writeTextFile(new URL(name, folder), text);
  }
}
