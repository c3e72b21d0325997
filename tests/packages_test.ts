/**
 * What a first start fetches. `deno task` fetches all that `imports` in
 * `deno.json` and `deno.lock` name, whatever the task runs. So both name only
 * what `main.ts` needs: what tests and tools use stands under `scopes`, and is
 * locked by `tests/deno.lock`.
 *
 * @module
 */
import { assertEquals, assertGreater } from "@std/assert";
import { fileURLToPath } from "node:url";
import { importedPackages } from "../.ci/compile.ts";
import config from "../deno.json" with { type: "json" };

/** What is read here of a lockfile: versions by what asks for them. */
interface Lock {
  readonly specifiers: Readonly<Record<string, string>>;
}

/**
 * `deno.lock` as Git has it: `deno test` without the flags of the task adds
 * to the file what the tests import.
 *
 * @returns Without Git, nothing.
 */
async function readCommittedLock(): Promise<Lock | undefined> {
  const git = new Deno.Command("git", {
    args: ["show", ":./deno.lock"],
    cwd: fileURLToPath(new URL("..", import.meta.url)),
  });
  const output = await git.output().catch(() => undefined);
  if (!output?.success) return undefined;
  return JSON.parse(new TextDecoder().decode(output.stdout));
}

/** `hono` of `npm:hono@^4.13`. */
function nameOf(specifier: string): string {
  return specifier.slice("npm:".length, specifier.lastIndexOf("@"));
}

const lock = await readCommittedLock();
const needed = new Set((await importedPackages([])).values());

Deno.test("deno.json imports no package of npm that main.ts doesn't need", () => {
  const named = Object.values(config.imports)
    .filter((specifier) => specifier.startsWith("npm:")).map(nameOf);
  assertGreater(named.length, 0);
  assertEquals(named.filter((name) => !needed.has(name)), []);
});

Deno.test({
  name: "deno.lock asks for no package that main.ts doesn't need",
  ignore: lock === undefined,
  fn() {
    const named = Object.keys(lock?.specifiers ?? {}).map(nameOf);
    assertGreater(named.length, 0);
    assertEquals(named.filter((name) => !needed.has(name)), []);
  },
});

Deno.test({
  name: "tests/deno.lock has the versions of deno.lock",
  ignore: lock === undefined,
  async fn() {
    const text = await Deno.readTextFile(new URL("deno.lock", import.meta.url));
    const { specifiers }: Lock = JSON.parse(text);
    assertEquals({ ...specifiers, ...lock?.specifiers }, specifiers);
  },
});
