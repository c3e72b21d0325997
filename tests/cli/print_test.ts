import { assertEquals, assertMatch } from "@std/assert";
import {
  type DeployFileName,
  deployFiles,
  readDeployFile,
} from "../../src/deploy/deploy_file.ts";
import { assertFailure } from "../support/assert_failure.ts";
import { taskwire } from "../support/taskwire.ts";
import { makeTempDir } from "../support/temp_dir.ts";

const files = Object.keys(deployFiles) as DeployFileName[];

for (const name of files.filter((name) => name !== "env")) {
  Deno.test(`printCommand() prints the file of ${name} unchanged`, async () => {
    assertEquals(await taskwire(["print", name]), {
      code: 0,
      stdout: await readDeployFile(name),
      stderr: "",
    });
  });
}

Deno.test("printCommand() prints an env file with the defaults as comments", async () => {
  const { code, stdout } = await taskwire(["print", "env"]);
  assertEquals(code, 0);
  await using folder = await makeTempDir();
  const options = { cwd: folder.path };
  const file = await folder.write(".env", stdout.replace(/^#(?=\w)/gm, ""));
  const defaults = await taskwire(["config"], options);
  assertMatch(defaults.stdout, /^TASKWIRE_PORT=8000$/m);
  assertEquals(
    await taskwire(["config", "--env-file", file], options),
    defaults,
  );
  // with the comments left in, the file sets nothing
  const asIs = await folder.write("as-is.env", stdout);
  assertEquals(
    await taskwire(["config", "--env-file", asIs], options),
    defaults,
  );
});

Deno.test("printCommand() lists the files in the help and in errors", async () => {
  const names = Object.keys(deployFiles).join(", ");
  const help = await taskwire(["print", "--help"]);
  assertEquals(help.code, 0);
  for (const args of [["print", "compose"], ["print", "Systemd"]]) {
    const result = await taskwire(args);
    assertFailure(result, 2, new RegExp(`choices are ${names}`));
    assertEquals(result.stdout, "");
  }
  assertMatch(help.stdout.replaceAll("\n", " "), new RegExp(names));
  assertFailure(await taskwire(["print"]), 2, /missing required argument/);
  assertMatch((await taskwire(["--help"])).stdout, /print <what> [^]*systemd/);
});
