import { assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { runProgram } from "./support/foreign_program.ts";
import { findProgram, installHint } from "./support/needs.ts";
import { makeTempDir } from "./support/temp_dir.ts";

const needsModule = new URL("support/needs.ts", import.meta.url);
const runner = fileURLToPath(new URL("support/run_tests.ts", import.meta.url));

/** Runs the tests of a file on a machine without programs. */
async function runTests(tests: string, env: Record<string, string> = {}) {
  await using folder = await makeTempDir();
  const file = await folder.write(
    "some_test.ts",
    `import { needs } from ${JSON.stringify(needsModule.href)};\n${tests}`,
  );
  return await runProgram(
    [Deno.execPath(), "run", "--no-lock", "-A", runner, "--no-check"].concat(
      ["--no-lock", "-A", file],
    ),
    {
      cwd: folder.path,
      env: { PATH: folder.path, CI: "", NO_COLOR: "1", ...env },
    },
  );
}

const needy = `
  needs("redis-server")("over Redis", () => { throw new Error("ran"); });
  needs("nginx", "redis-server")("behind nginx", () => {});
  Deno.test("alone", () => {});
`;

Deno.test("needs() skips tests, and the run ends with install hints", async () => {
  const { code, stdout } = await runTests(needy);
  assertEquals(code, 0, stdout);
  assertMatch(stdout, /1 passed \| 0 failed \| 2 ignored/);
  assertEquals(stdout.trimEnd().split("\n").slice(-2), [
    "2 tests were skipped: this machine lacks nginx (1), redis-server (2).",
    "To run them too: apt-get install nginx-light redis-server",
  ]);
});

Deno.test("needs() fails tests in CI, and skips none", async () => {
  const { code, stdout } = await runTests(needy, { CI: "true" });
  assertEquals(code, 1);
  assertMatch(stdout, /1 passed \| 2 failed/);
  assertMatch(stdout, /redis-server is missing: apt-get install redis-server/);
});

Deno.test("a run without skipped tests prints no hint, and passes on the exit code", async () => {
  const passed = await runTests('Deno.test("a", () => {});');
  assertEquals(passed.code, 0);
  assertMatch(passed.stdout, /1 passed \| 0 failed \([^)]*\)\s*$/);
  const failed = await runTests('Deno.test("a", () => { throw 0; });');
  assertEquals(failed.code, 1);
});

Deno.test("findProgram() finds executable files on the path alone", async () => {
  await using folder = await makeTempDir();
  const path = Deno.env.get("PATH") ?? "";
  await folder.write("no-program", "");
  const program = await folder.write("a-program", "");
  await Deno.chmod(program, 0o755);
  Deno.env.set("PATH", `/none:${program}:${folder.path}:${path}`);
  try {
    assertEquals(findProgram("a-program"), program);
    assertEquals(findProgram("no-program"), undefined);
  } finally {
    Deno.env.set("PATH", path);
  }
});

Deno.test("installHint() names each package once, and the right that none brings", () => {
  assertEquals(
    installHint(["python3-celery", "promtool", "promtool", "mount"]),
    "apt-get install prometheus python3-celery; run as root where file systems may be mounted",
  );
});
