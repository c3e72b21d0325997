import { assert, assertEquals } from "@std/assert";
import { loadConfig } from "../../src/config/config.ts";
import { encodeEnvFile } from "../../src/deploy/env_file.ts";
import { parseEnvFile } from "../../src/config/env_file.ts";
import { allSettings } from "../../src/config/settings.ts";

Deno.test("encodeEnvFile() has each setting once, described and commented out", () => {
  const lines = encodeEnvFile().split("\n");
  for (const setting of Object.values(allSettings)) {
    const fallback = "fallback" in setting ? setting.fallback : "";
    const at = lines.indexOf(`#${setting.variable}=${fallback}`);
    assert(at > 0, setting.variable);
    assertEquals(lines[at - 2], `# ${setting.description}`);
    assert(lines[at - 1]?.includes(setting.expects));
  }
  assert(lines.every((line) => line === "" || line.startsWith("#")));
  assertEquals(parseEnvFile(lines.join("\n")), {});
  const uncommented = lines.join("\n").replaceAll(/^#(?=TASKWIRE_)/gm, "");
  assertEquals(
    loadConfig({ envFile: parseEnvFile(uncommented) }),
    loadConfig({}),
  );
});
