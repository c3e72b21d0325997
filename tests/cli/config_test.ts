import { assert, assertEquals } from "@std/assert";
import { settings } from "../../src/config/settings.ts";
import { taskwire } from "../support/taskwire.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { testApiKey, testSecret } from "../support/server.ts";

Deno.test("configCommand() prints every setting, unset ones as comments", async () => {
  const { code, stdout, stderr } = await taskwire(["config"], { cwd: "/" });
  assertEquals([code, stderr], [0, ""]);
  assertEquals(
    stdout.trimEnd().split("\n"),
    Object.values(settings).map((setting) =>
      "fallback" in setting
        ? `${setting.variable}=${setting.fallback}`
        : `# ${setting.variable}=`
    ),
  );
});

Deno.test("configCommand() hides secrets", async () => {
  const { code, stdout, stderr } = await taskwire(["config"], {
    env: { TASKWIRE_JWT_SECRET: testSecret, TASKWIRE_API_KEYS: testApiKey },
  });
  assertEquals([code, stderr], [0, ""]);
  assert(!stdout.includes(testSecret));
  assert(!stdout.includes(testApiKey));
  assert(stdout.includes("TASKWIRE_JWT_SECRET=(hidden)\n"));
  assert(stdout.includes("TASKWIRE_API_KEYS=(hidden)\n"));
});

Deno.test("configCommand() prints a valid env file", async () => {
  const first = await taskwire([
    "config",
    "--origins",
    "https://a.example,https://b.example",
    "--jwt-issuer",
    "https://issuer.example",
    "--port",
    "0",
  ]);
  await using folder = await makeTempDir();
  const file = await folder.write(".env", first.stdout);
  const second = await taskwire(["config", "--env-file", file]);
  assertEquals(second, first);
});
