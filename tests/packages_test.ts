/**
 * The packages fetched by a first start. `deno task` fetches all packages named in
 * the `imports` of `deno.json`, for any task. Therefore `imports` and `deno.lock`
 * name only the packages of `main.ts`. Packages of tests and tools are named under
 * `scopes`, and locked by `tests/deno.lock`.
 *
 * @module
 */
import { assertEquals, assertGreater } from "@std/assert";
import config from "../deno.json" with { type: "json" };

/** The used part of a lockfile: versions by specifier. */
interface Lock {
  readonly specifiers: Readonly<Record<string, string>>;
}

async function readLock(name: string): Promise<Lock> {
  const file = new URL(`../${name}`, import.meta.url);
  return JSON.parse(await Deno.readTextFile(file));
}

/** `hono` of `npm:hono@^4.13`. */
function nameOf(specifier: string): string {
  return specifier.slice("npm:".length, specifier.lastIndexOf("@"));
}

/** The used part of the output of `deno info --json`. */
interface ModuleGraph {
  readonly modules: readonly { readonly npmPackage?: string }[];
  readonly npmPackages: Readonly<
    Record<string, { name: string; dependencies: string[] }>
  >;
}

/** Finds the names of the packages imported by `main.ts`, and their dependencies. */
async function readNeeded(): Promise<ReadonlySet<string>> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--lock=deno.lock", "main.ts"],
    cwd: new URL("../", import.meta.url),
    stderr: "null",
  }).output();
  const { modules, npmPackages }: ModuleGraph = JSON.parse(
    new TextDecoder().decode(stdout),
  );
  const needed = new Set<string>();
  const reach = (id: string) => {
    const found = npmPackages[id];
    if (found === undefined || needed.has(found.name)) return;
    needed.add(found.name);
    found.dependencies.forEach(reach);
  };
  for (const { npmPackage } of modules) if (npmPackage) reach(npmPackage);
  return needed;
}

const lock = await readLock("deno.lock");
const needed = await readNeeded();

Deno.test("deno.json imports no package of npm that main.ts doesn't need", () => {
  const named = Object.values(config.imports)
    .filter((specifier) => specifier.startsWith("npm:")).map(nameOf);
  assertGreater(named.length, 0);
  assertEquals(named.filter((name) => !needed.has(name)), []);
});

Deno.test("deno.lock asks for no package that main.ts doesn't need", () => {
  const named = Object.keys(lock.specifiers).map(nameOf);
  assertGreater(named.length, 0);
  assertEquals(named.filter((name) => !needed.has(name)), []);
});

Deno.test("tests/deno.lock has the versions of deno.lock", async () => {
  const { specifiers } = await readLock("tests/deno.lock");
  assertEquals({ ...specifiers, ...lock.specifiers }, specifiers);
});

Deno.test("deno.json gives each task its lockfile, and commands by hand none to change", () => {
  assertEquals(config.lock, false);
  const unlocked = Object.entries(config.tasks).filter(([, command]) =>
    /\bdeno (?:run|test|bench|check|eval)\b/.test(command) &&
    !/ --(?:lock=|no-lock\b)/.test(command)
  );
  assertEquals(unlocked, []);
});
