import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { Command } from "commander";
import { readConfig, withSettings } from "../../src/cli/command.ts";
import {
  flagOf,
  type SettingName,
  settings,
} from "../../src/config/settings.ts";
import { assertFailure } from "../support/assert_failure.ts";
import { startTestServer, testApiKey, testSecret } from "../support/server.ts";
import { taskwire } from "../support/taskwire.ts";
import { makeTempDir } from "../support/temp_dir.ts";

Deno.test("withSettings() adds a described flag for every setting", () => {
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

Deno.test("readConfig() prefers flags to the environment, and the environment to the env file", async () => {
  await using folder = await makeTempDir();
  const file = await folder.write(
    ".env",
    `# a comment
TASKWIRE_PORT=1001
TASKWIRE_GUEST_USER_ID="from the #file"
TASKWIRE_JWT_ISSUER=from#the file
TASKWIRE_AUTH=required
TASKWIRE_URL=http://127.0.0.1:9
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
    "TASKWIRE_GUEST_USER_ID='from the #file'",
  ]);
  assertEquals(lines.filter((line) => line.includes("ISSUER")), [
    "TASKWIRE_JWT_ISSUER=from#the file",
  ]);
});

Deno.test("readConfig() reports all mistakes at once and hides secrets", async () => {
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
      "error: TASKWIRE_IDLE_TIMOUT: no such setting; 'taskwire print env' lists all settings",
      "error: TASKWIRE_JWT_SECRET=(hidden): expected …",
      "error: TASKWIRE_PORT=70000: expected …",
    ],
  );
  assertEquals(result.stdout, "");
});

Deno.test("readConfig() fails if the env file can't be read", async () => {
  await using folder = await makeTempDir();
  for (const file of [`${folder.path}/missing.env`, folder.path]) {
    const result = await taskwire(["serve", "--env-file", file]);
    assertFailure(result, 1, /^error: --env-file \S+ cannot be read: /);
    assertStringIncludes(result.stderr, file);
  }
});

Deno.test("openSettings() rejects lines of an env file that other programs read differently", async () => {
  await using folder = await makeTempDir();
  const file = await folder.write(
    ".env",
    "TASKWIRE_API_KEYS=k-secret # a comment\nexport TASKWIRE_PORT=1\n",
  );
  const result = await taskwire(["config", "--env-file", file]);
  assertFailure(result, 1, /^error: /);
  const [first = "", second = ""] = result.stderr.split("\n");
  assertEquals(
    first,
    `error: ${file} line 1: TASKWIRE_API_KEYS: put the value into quotes if '#' is part of the value; otherwise move the comment to its own line`,
  );
  assertStringIncludes(second, `${file} line 2: expected NAME=value`);
});

Deno.test("openSettings() ignores invalid settings unused by the command, such as Kubernetes' TASKWIRE_PORT", async () => {
  await using server = await startTestServer();
  const env = {
    TASKWIRE_PORT: "tcp://10.0.0.1:8000",
    TASKWIRE_WORKERS: "many",
    TASKWIRE_URL: server.origin,
    TASKWIRE_API_KEYS: `${testApiKey},another-key`,
    TASKWIRE_JWT_SECRET: testSecret,
  };
  const calls = [
    ["check"],
    ["check", "--ready", "0"],
    ["publish", "t", "--status", "succeeded"],
    ["watch", "t"],
    ["token", "--sub", "42"],
    ["routes"],
  ];
  for (const args of calls) {
    const { code, stdout, stderr } = await taskwire(args, { env });
    assertEquals(code, 0, stdout + stderr);
    assertFalse(/^error|^warning/m.test(stderr), stderr);
  }
  // `check` without a URL uses the port and warns; `serve` uses the workers and fails.
  const { TASKWIRE_URL: _, ...withoutUrl } = env;
  const unready = await taskwire(["check", "--ready", "0"], {
    env: { ...withoutUrl, TASKWIRE_HOST: "127.0.0.2" },
  });
  assertEquals(
    unready.stderr.match(/^warning: TASKWIRE_PORT=.*$/gm)?.length,
    1,
    unready.stderr,
  );
  assertStringIncludes(unready.stdout, "(http://127.0.0.2:8000)");
  const serve = await taskwire(["serve"], { env });
  assertFailure(serve, 1, /^error: TASKWIRE_WORKERS=many: expected/m);
});

Deno.test("openSettings() warns of secrets in the arguments", async () => {
  const secrets = {
    "--api-keys": "a-key-on-the-command-line",
    "--store": "redis://:hunter2@127.0.0.1",
    "--jwks-url": "https://id.example/keys?sig=hunter2",
  };
  const args = [...Object.entries(secrets).flat(), "--port", "1"];
  const { code, stderr } = await taskwire(["config", ...args]);
  assertEquals(code, 0);
  assertEquals(
    stderr.match(/^warning: --\S+/gm)?.toSorted(),
    ["warning: --api-keys", "warning: --jwks-url", "warning: --store"],
  );
  assertStringIncludes(stderr, "set TASKWIRE_API_KEYS instead");
  assertFalse(/hunter2|a-key-on/.test(stderr), stderr);
});
