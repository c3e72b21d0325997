import { assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runProgram } from "./support/foreign_program.ts";
import { groupTests } from "./support/group_tests.ts";
import { makeTempDir, type TempDir } from "./support/temp_dir.ts";

const passing = 'Deno.test("passes", () => {});\n';
const failing = `${passing}Deno.test("fails", () => { throw 0; });\n`;
const hooked = `Deno.test.beforeAll(() => {});\n${passing}`;

/** Writes a folder of tests with a folder to group, and a folder of programs. */
async function writeTests(folder: TempDir): Promise<void> {
  for (const name of ["auth", "e2e"]) {
    await Deno.mkdir(join(folder.path, name));
    await folder.write(`${name}/first_test.ts`, passing);
    await folder.write(`${name}/second_test.ts`, failing);
    await folder.write(`${name}/hooked_test.ts`, hooked);
    await folder.write(`${name}/no_tests.ts`, "throw 0;");
  }
}

Deno.test("groupTests() groups files without hooks, outside folders of programs", async () => {
  await using folder = await makeTempDir();
  await using modules = await makeTempDir();
  await writeTests(folder);
  const grouped = await groupTests(["-A", folder.path], modules.path);
  const module = join(modules.path, folder.path, "auth.js");
  assertEquals(grouped, [
    "-A",
    module,
    ...["auth/hooked", "e2e/first", "e2e/hooked", "e2e/second"].map((name) =>
      join(folder.path, `${name}_test.ts`)
    ),
  ]);
  assertEquals(
    await Deno.readTextFile(module),
    ["first", "second"].map((name) =>
      `import "file://${folder.path}/auth/${name}_test.ts";\n`
    ).join(""),
  );
});

Deno.test("groupTests() keeps files, filters, and folders without tests", async () => {
  await using folder = await makeTempDir();
  await writeTests(folder);
  const { path } = folder;
  for (
    const args of [
      ["--filter", path, join(path, "auth/first_test.ts")],
      [`--ignore=${path}/e2e`, path],
      ["src/protocol", "no-such-folder"],
    ]
  ) {
    assertEquals(await groupTests(args, "no-such-folder"), args);
  }
});

Deno.test("a grouped run filters tests, and names the line of a failure", async () => {
  await using folder = await makeTempDir();
  await folder.write("first_test.ts", passing);
  await folder.write("second_test.ts", failing);
  const runner = new URL("support/run_tests.ts", import.meta.url);
  const { code, stdout } = await runProgram(
    [Deno.execPath(), "run", "--no-lock", "-A", fileURLToPath(runner)].concat(
      ["--no-check", "--no-lock", "-A", folder.path, "--filter", "fails"],
    ),
    { cwd: folder.path, env: { NO_COLOR: "1" } },
  );
  assertEquals(code, 1);
  assertMatch(stdout, /^running 1 test from .*\.js$/m);
  assertMatch(stdout, /^fails => \.\/second_test\.ts:2:6$/m);
  assertMatch(stdout, /0 passed \| 1 failed \| 2 filtered out/);
});

Deno.test("hooks are set by two modules for tests, whose importers keep an isolate", async () => {
  const support = new URL("support/", import.meta.url);
  const found: string[] = [];
  for await (const { name } of Deno.readDir(support)) {
    if (!name.endsWith(".ts")) continue;
    const text = await Deno.readTextFile(new URL(name, support));
    if (
      /Deno\.test\.(before|after)|from "\.\/(browser|shared_redis)/.test(text)
    ) {
      found.push(name);
    }
  }
  assertEquals(found.sort(), ["browser.ts", "shared_redis.ts"]);
});
