/**
 * Builds `dist/taskwire`: `main.ts` with the flags of the `start` task and the permission to run any program, and the
 * files read at run time.
 *
 * The modules are bundled first, since loading 500 modules, most of them unused parts of packages, would take longer
 * than the rest of a start. Parts loaded on demand stay separate files of the bundle. The bundle imports no package, so
 * the binary embeds none; resolving embedded packages would slow each start, too.
 *
 * `deno task compile` runs this script. Arguments are passed to Deno (`--config deno.jsr.json`). `DENO_BIN` selects a
 * different compiler, to match a runtime in `DENORT_BIN`; see `prepare-denort.sh`. The bundler is always the Deno that
 * runs this script, because Deno 2.4.2 cannot bundle the Redis client.
 *
 * @module
 */

/** Files read at run time, and modules of threads, which no import names; see `src/process/source_files.ts`. */
const INCLUDED_FILES = [
  "src/playground",
  "src/console",
  "src/docs/guide",
  "src/docs/pictures",
  "src/client/client.js",
  "src/client/client.d.ts",
  "src/client/npm",
  "src/python",
  "src/store/sqlite/thread.ts",
  ...listDeployFiles(),
];

/** Lists the files for `taskwire print`, without the modules beside them, which would add their packages. */
function listDeployFiles(): string[] {
  return [...Deno.readDirSync("src/deploy")].map(({ name }) => name)
    .filter((name) => !name.endsWith(".ts")).map((name) => `src/deploy/${name}`)
    .sort();
}

/** The bundle: two folders below the root, like `src/process/source_files.ts`. */
const BUNDLE = "dist/bundle";

/** A copy of the lockfile, since Deno would add the packages of JSR to the lockfile itself. */
const LOCKFILE = "dist/deno.lock";

async function deno(executable: string, args: string[]): Promise<void> {
  const { success } = await new Deno.Command(executable, { args }).spawn()
    .status;
  if (!success) throw new Error(`deno ${args[0]} failed`);
}

async function compile(options: string[]): Promise<void> {
  await Deno.mkdir("dist", { recursive: true });
  await Deno.copyFile("deno.lock", LOCKFILE);
  await Deno.remove(BUNDLE, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await deno(Deno.execPath(), [
    "bundle",
    "--quiet",
    "--platform=deno",
    "--code-splitting",
    `--outdir=${BUNDLE}`,
    `--lock=${LOCKFILE}`,
    ...options,
    "main.ts",
  ]);

  const { tasks } = JSON.parse(await Deno.readTextFile("deno.json"));
  // "deno run --lock=deno.lock <flags> main.ts", quoted for the shell
  const flags = tasks.start.replaceAll("'", "").split(" ").slice(3, -1)
    // `taskwire run` starts any program, also with variables of the dynamic linker in the environment, for which
    // Deno demands the permission without a list. The server gives up the permission.
    .map((flag: string) =>
      flag.startsWith("--allow-run=") ? "--allow-run" : flag
    );
  await deno(Deno.env.get("DENO_BIN") ?? Deno.execPath(), [
    "compile",
    // `deno task ok` checks the types.
    "--no-check",
    "--no-lock",
    // No cache: the cache would be a file with a predictable name in the folder for temporary files.
    "--no-code-cache",
    "--output=dist/taskwire",
    ...INCLUDED_FILES.map((path) => `--include=${path}`),
    ...options,
    ...flags,
    `${BUNDLE}/main.js`,
  ]);
}

if (import.meta.main) await compile(Deno.args);
