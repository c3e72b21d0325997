import { assertEquals, assertStringIncludes } from "@std/assert";
import { Command } from "commander";
import { readConfig, withSettings } from "../../src/cli/command.ts";
import { flagOf, type SettingName, settings } from "../../src/settings.ts";
import { assertFailure } from "../support/assert_failure.ts";
import { taskwire } from "../support/taskwire.ts";
import { makeTempDir } from "../support/temp_dir.ts";

Deno.test("withSettings() gives every setting its flag, described", () => {
  const names = Object.keys(settings) as SettingName[];
  const command = withSettings(new Command("serve"), names);
  const help = command.configureHelp({ helpWidth: 1_000 }).helpInformation();
  for (const name of names) {
    const { variable, description } = settings[name];
    const flag = flagOf({ variable });
    const line = help.split("\n").find((line) => line.includes(`${flag} `));
    assertStringIncludes(line ?? "", description);
    assertStringIncludes(line ?? "", variable);
  }
  assertStringIncludes(help, "(default: 8000)");
});

Deno.test("readConfig() reads flags of several words", () => {
  const command = withSettings(new Command("serve"), [
    "maxMessageBytes",
    "jwtSecrets",
  ]);
  const secret = "0123456789012345678901234567890123";
  command.parse(
    ["--max-message-bytes", "1024", "--jwt-secret", `${secret},${secret}!`],
    { from: "user" },
  );
  const { maxMessageBytes, jwtSecrets } = readConfig(command);
  assertEquals(maxMessageBytes, 1_024);
  assertEquals(jwtSecrets, [secret, `${secret}!`]);
});

Deno.test("readConfig() takes the flag before the environment before the env file", async () => {
  await using folder = await makeTempDir();
  const file = await folder.write(
    ".env",
    `# a comment
TASKWIRE_PORT=1001
TASKWIRE_GUEST_USER_ID="from the file"
TASKWIRE_AUTH=required
UNRELATED=ignored
`,
  );
  const { code, stdout, stderr } = await taskwire(
    ["config", "--env-file", file, "--port", "1003"],
    { env: { TASKWIRE_PORT: "1002", TASKWIRE_AUTH: "optional" } },
  );
  assertEquals([code, stderr], [0, ""]);
  const lines = stdout.split("\n");
  assertEquals(lines.filter((line) => line.includes("_PORT=")), [
    "TASKWIRE_PORT=1003",
  ]);
  assertEquals(lines.filter((line) => line.includes("_AUTH=")), [
    "TASKWIRE_AUTH=optional",
  ]);
  assertEquals(lines.filter((line) => line.includes("GUEST")), [
    "TASKWIRE_GUEST_USER_ID=from the file",
  ]);
});

Deno.test("readConfig() names every mistake at once and hides secrets", async () => {
  await using folder = await makeTempDir();
  const file = await folder.write(
    ".env",
    "TASKWIRE_IDLE_TIMOUT=5\nTASKWIRE_JWT_SECRET=too-short-secret\n",
  );
  const result = await taskwire(["serve", "--env-file", file], {
    env: {
      TASKWIRE_PORT: "70000",
      TASKWIRE_AUTH: "maybe",
      TASKWIRE_API_KEYS: "white space",
    },
  });
  assertFailure(result, 1, /^error: /);
  assertEquals(
    result.stderr.trimEnd().split("\n").map((line) =>
      line.replace(/: expected .+$/, ": expected …")
    ).sort(),
    [
      "error: TASKWIRE_API_KEYS=(hidden): expected …",
      "error: TASKWIRE_AUTH=maybe: expected …",
      "error: TASKWIRE_IDLE_TIMOUT: no such setting; 'taskwire config' lists those there are",
      "error: TASKWIRE_JWT_SECRET=(hidden): expected …",
      "error: TASKWIRE_PORT=70000: expected …",
    ],
  );
  assertEquals(result.stdout, "");
});

Deno.test("readConfig() fails for an env file that can't be read", async () => {
  await using folder = await makeTempDir();
  for (const file of [`${folder.path}/missing.env`, folder.path]) {
    const result = await taskwire(["serve", "--env-file", file]);
    assertFailure(result, 1, /^error: --env-file \S+ cannot be read: /);
    assertStringIncludes(result.stderr, file);
  }
});
