/**
 * Makes `src/client/client.js` and `src/client/client.d.ts`, which the server serves, of `src/client/mod.ts`.
 *
 * `deno task client` runs this; a test holds the committed files against it.
 *
 * @module
 */
import { buildSync } from "esbuild";
import ts from "typescript";

const folder = new URL("../src/client/", import.meta.url);

const notice = "/* taskwire, MIT License */\n";

/** What the build makes, by file name. */
export interface ClientFiles {
  readonly "client.js": string;
  readonly "client.d.ts": string;
}

/** Builds the client, without writing it. */
export async function buildClient(): Promise<ClientFiles> {
  return {
    "client.js": notice + bundle(),
    "client.d.ts": notice + await declare(),
  };
}

/**
 * The modules as one, without comments and blanks.
 *
 * The synchronous call, since the other one leaves a process behind that ends when it likes.
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
    // Types are checked by `deno check`; the project's own settings are not esbuild's.
    tsconfigRaw: {},
    logLevel: "error",
  });
  return file?.text ?? "";
}

/** The declarations of what a page can import, as one module. */
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
