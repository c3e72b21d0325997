import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { version } from "../../src/process/version.ts";
import { assertFailure } from "../support/assert_failure.ts";
import { RunningCommand, taskwire } from "../support/taskwire.ts";

const commands = [
  "serve",
  "routes",
  "check",
  "token",
  "publish",
  "run",
  "watch",
  "config",
];

Deno.test("run() lists every command in the help", async () => {
  const { code, stdout, stderr } = await taskwire(["--help"]);
  assertEquals([code, stderr], [0, ""]);
  for (const command of commands) {
    assert(new RegExp(`^ +${command} `, "m").test(stdout), command);
  }
});

Deno.test("run() prints the help of each command", async () => {
  await Promise.all(commands.map(async (command) => {
    const { code, stdout, stderr } = await taskwire([command, "--help"]);
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, `Usage: taskwire ${command}`);
  }));
});

Deno.test("run() prints the version, before and after a command", async () => {
  const calls = [["--version"], ["-V"], ...commands.map((c) => [c, "-V"])];
  await Promise.all(calls.map(async (args) => {
    const { code, stdout, stderr } = await taskwire(args);
    assertEquals([code, stdout, stderr], [0, `${version}\n`, ""]);
  }));
});

Deno.test("run() serves if no command is named", async () => {
  await using server = new RunningCommand(["--port", "0"]);
  await server.line(/listens on http:/);
});

Deno.test("run() exits 2 for an unknown command and points to the help", async () => {
  const result = await taskwire(["serv"]);
  assertFailure(result, 2, /^error: unknown command 'serv'.*--help/);
  assertEquals(result.stdout, "");
});

Deno.test("run() exits 2 for an unknown flag and suggests a known one", async () => {
  const result = await taskwire(["serve", "--prot", "8001"]);
  assertFailure(result, 2, /unknown option '--prot'[^]*Did you mean --port\?/);
});

Deno.test("run() exits 2 for a missing or an excess argument", async () => {
  assertFailure(
    await taskwire(["publish"]),
    2,
    /missing required argument 'id'/,
  );
  assertFailure(await taskwire(["watch"]), 2, /give the ids of tasks, --mine/);
  assertFailure(await taskwire(["routes", "extra"]), 2, /too many arguments/);
});

Deno.test("run() exits 2 for a bad flag, 1 for a bad variable", async () => {
  const flag = await taskwire(["config", "--port", "many"]);
  assertFailure(flag, 2, /^error: --port=many: expected /);
  const variable = await taskwire(["config"], {
    env: { TASKWIRE_PORT: "many" },
  });
  assertFailure(variable, 1, /^error: TASKWIRE_PORT=many: expected /);
});
