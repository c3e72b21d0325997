import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

/**
 * Folders with tests of whole programs: servers, browsers, scripts. Each file
 * keeps its isolate, since tests wait longer for programs than for isolates.
 */
const programFolders = ["cli", "e2e", "launch", "load", "pages"];

/** Matches a file with hooks. In a group, the hooks would run for the tests of all files. */
const hooks = /\b(before|after)(All|Each)\(|\/(browser|shared_redis)\.ts"/;

/**
 * Replaces the folders among the arguments of `deno test`, so that the test
 * files of a folder share an isolate. Deno makes an isolate per test module, and
 * each isolate loads the source again, which takes longer than most tests. A
 * module per folder therefore imports the files. Files with hooks, files in
 * folders with tests of programs, and files among the arguments stay as they
 * are. With `--ignore` nothing is grouped.
 *
 * @param modules The folder for the importing modules.
 */
export async function groupTests(
  args: readonly string[],
  modules: string,
): Promise<string[]> {
  if (args.some((arg) => arg.startsWith("--ignore"))) return [...args];
  const grouped = args.map(async (arg, i) =>
    args[i - 1] !== "--filter" && await isFolder(arg)
      ? await groupFolder(arg, modules)
      : []
  );
  return (await Promise.all(grouped)).flatMap((tests, i) =>
    tests.length > 0 ? tests : args.slice(i, i + 1)
  );
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Returns the test modules of a folder and of the folders inside. */
async function groupFolder(folder: string, modules: string): Promise<string[]> {
  const files: string[] = [];
  const folders: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) folders.push(path);
    else if (name.endsWith("_test.ts")) files.push(path);
  }
  const tests = programFolders.includes(basename(folder))
    ? files.sort()
    : await groupFiles(files.sort(), modules);
  for (const inner of folders.sort()) {
    tests.push(...await groupFolder(inner, modules));
  }
  return tests;
}

/** Returns a module in the place of the files without hooks, and the files with hooks. */
async function groupFiles(
  files: readonly string[],
  modules: string,
): Promise<string[]> {
  const alone: string[] = [];
  const together: string[] = [];
  for (const file of files) {
    const hasHooks = hooks.test(await Deno.readTextFile(file));
    (hasHooks ? alone : together).push(file);
  }
  const [first] = together;
  if (first === undefined) return alone;
  // JavaScript, since Deno would keep a compiled copy of a TypeScript module.
  const module = `${join(modules, resolve(dirname(first)))}.js`;
  const imports = together.map((file) =>
    `import ${JSON.stringify(pathToFileURL(file).href)};\n`
  );
  await Deno.mkdir(dirname(module), { recursive: true });
  await Deno.writeTextFile(module, imports.join(""));
  return [module, ...alone];
}
