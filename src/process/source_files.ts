/**
 * The folder `src`. In the binary, all modules are bundled in `dist/bundle`, from
 * where the relative path is the same.
 */
const source = new URL("../../src/", import.meta.url);

/**
 * Returns the address of a file that goes into the binary, to read the file or
 * to start a thread (`INCLUDED_FILES` in `.ci/compile.ts`). Addresses relative to
 * any other module would be wrong in the binary.
 *
 * @param path Relative to `src`.
 */
export function sourceFile(path: string): URL {
  return new URL(path, source);
}
