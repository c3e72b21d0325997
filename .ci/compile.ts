/**
 * Builds `dist/taskwire`: `main.ts` with the flags of the `start` task, the files read at run time, and only the
 * imported npm packages.
 *
 * By default, `deno compile` embeds every npm package of the lockfile, and Deno 2.4.2 lacks the flag to prevent this.
 * Therefore the compiler gets a lockfile restricted to the packages reached from `main.ts`.
 *
 * `deno task compile` runs this script. Arguments are passed to Deno (`--config deno.jsr.json`). `DENO_BIN` selects a
 * different compiler, to match a runtime in `DENORT_BIN`; see `prepare-denort.sh`.
 *
 * @module
 */

/** Files read at run time, which no import names, and the modules of threads. */
const INCLUDED_FILES = [
  "src/playground",
  "src/console",
  "src/docs/guide",
  "src/docs/pictures",
  "src/deploy",
  "src/client/client.js",
  "src/client/client.d.ts",
  "src/store/sqlite/thread.ts",
];

/**
 * Dependencies of `prom-client` for parts never imported here: the summary and the default metrics. The summary's
 * dependency `bintrees` overflows the stack of `deno compile` 2.9.6.
 */
const UNUSED_PACKAGES = ["tdigest", "@opentelemetry/api"];

/** The lockfile of `main.ts`, relative to the root. */
export const MAIN_LOCKFILE = "deno.lock";

/** The restricted lockfile. */
const LOCKFILE = "dist/deno.lock";

/** The relevant part of the output of `deno info --json`. */
interface ModuleGraph {
  modules: { npmPackage?: string }[];
  npmPackages: Record<string, { name: string; dependencies: string[] }>;
}

/** The relevant part of a package in the lockfile. */
interface LockedPackage {
  /** Names, with a version if there are several. */
  dependencies?: string[];
}

/** The content of `dist/embedded.json`, for the test that compares the embedded with the imported packages. */
export interface Embedded {
  /** The options given to Deno. */
  options: string[];
  /** The names of the embedded npm packages, sorted. */
  npm: string[];
}

async function deno(
  ...args: string[]
): Promise<{ stdout: string; stderr: string }> {
  const executable = Deno.env.get("DENO_BIN") ?? Deno.execPath();
  const output = await new Deno.Command(executable, {
    args,
    // Deno 2.4.2 overflows its default stack on some npm packages.
    env: { NO_COLOR: "1", RUST_MIN_STACK: "67108864" },
  }).output();
  const stdout = new TextDecoder().decode(output.stdout);
  const stderr = new TextDecoder().decode(output.stderr);
  if (!output.success) throw new Error(`deno ${args[0]} failed: ${stderr}`);
  return { stdout, stderr };
}

/**
 * Finds the npm packages imported by `main.ts`, and their dependencies.
 *
 * @param options Options for `deno info`.
 * @returns Names by id; an id is the lockfile's key of a package, `name@version`.
 */
export async function importedPackages(
  options: string[],
): Promise<Map<string, string>> {
  const { stdout } = await deno("info", "--json", ...options, "main.ts");
  const graph: ModuleGraph = JSON.parse(stdout);
  const imported = new Map<string, string>();
  const reach = (id: string) => {
    const found = graph.npmPackages[id];
    if (found === undefined || imported.has(id)) return;
    if (UNUSED_PACKAGES.includes(found.name)) return;
    imported.set(id, found.name);
    found.dependencies.forEach(reach);
  };
  for (const { npmPackage } of graph.modules) {
    if (npmPackage !== undefined) reach(npmPackage);
  }
  return imported;
}

/**
 * Reads the sorted names of the npm packages from the tree of embedded files printed by `deno compile`.
 *
 * @param output The output of `deno compile`, without colors.
 */
export function embeddedPackages(output: string): string[] {
  const names = new Set<string>();
  const path: string[] = [];
  for (const line of output.split("\n")) {
    const [, indent, entry] = line.match(/^([│ ]*)[├└]─[─┬] (\S+)/) ?? [];
    if (indent === undefined || entry === undefined) continue;
    path.splice(indent.length / 2, path.length, entry);
    const [root, _registry, scopeOrName, scopedName] = path.join("/").split(
      "/",
    );
    if (root !== ".deno_compile_node_modules" || !scopeOrName) continue;
    if (!scopeOrName.startsWith("@")) names.add(scopeOrName);
    else if (scopedName) names.add(`${scopeOrName}/${scopedName}`);
  }
  return [...names].sort();
}

async function compile(options: string[]): Promise<void> {
  // Without `links`: Deno 2.4.2 does not know this key and would ignore the locked versions.
  const { workspace: _, ...lock } = JSON.parse(
    await Deno.readTextFile(MAIN_LOCKFILE),
  );
  await Deno.mkdir("dist", { recursive: true });
  await Deno.writeTextFile(LOCKFILE, JSON.stringify(lock));

  const lockOptions = [`--lock=${LOCKFILE}`, ...options];
  const imported = await importedPackages(lockOptions);
  for (const id of Object.keys(lock.npm)) {
    if (!imported.has(id)) delete lock.npm[id];
  }
  for (const entry of Object.values<LockedPackage>(lock.npm)) {
    entry.dependencies = (entry.dependencies ?? []).filter((dependency) =>
      !UNUSED_PACKAGES.includes(dependency)
    );
  }
  for (const [specifier, version] of Object.entries(lock.specifiers)) {
    const name = specifier.slice("npm:".length, specifier.lastIndexOf("@"));
    if (specifier.startsWith("npm:") && !imported.has(`${name}@${version}`)) {
      delete lock.specifiers[specifier];
    }
  }
  await Deno.writeTextFile(LOCKFILE, JSON.stringify(lock));

  const { tasks } = JSON.parse(await Deno.readTextFile("deno.json"));
  // "deno run --lock=deno.lock <flags> main.ts", quoted for the shell
  const flagsAndEntry = tasks.start.replaceAll("'", "").split(" ").slice(3);
  const { stderr } = await deno(
    "compile",
    // `deno task ok` checks the types; a check here would embed @types/node.
    "--no-check",
    // No cache: the cache would be a file with a predictable name in the folder for temporary files.
    "--no-code-cache",
    "--output=dist/taskwire",
    ...INCLUDED_FILES.map((path) => `--include=${path}`),
    ...lockOptions,
    ...flagsAndEntry,
  );
  await Deno.stderr.write(new TextEncoder().encode(stderr));
  const npm = embeddedPackages(stderr);
  const embedded: Embedded = { options: lockOptions, npm };
  await Deno.writeTextFile("dist/embedded.json", JSON.stringify(embedded));
}

if (import.meta.main) await compile(Deno.args);
