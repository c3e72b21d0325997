/**
 * Checks a caller of `src/client/client.d.ts` with plain TypeScript and the strictest settings of users.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import ts from "typescript";

const declarations = fileURLToPath(
  new URL("../src/client/client.d.ts", import.meta.url),
);
const caller = fileURLToPath(
  new URL("../src/client/caller.ts", import.meta.url),
);

/**
 * Checks a module that imports the client from `./client.js`.
 *
 * @returns TypeScript's errors in the module and in the declarations.
 */
export function typeErrorsOf(source: string): string[] {
  const options: ts.CompilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    types: [],
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (name) => name === caller || fileExists(name);
  host.readFile = (name) => name === caller ? source : readFile(name);
  host.getSourceFile = (name, ...rest) =>
    name === caller
      ? ts.createSourceFile(name, source, ts.ScriptTarget.ES2022)
      : getSourceFile(name, ...rest);
  const program = ts.createProgram([caller, declarations], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) =>
    ts.flattenDiagnosticMessageText(messageText, "\n")
  );
}
