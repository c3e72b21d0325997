import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("few_descriptors.ts", import.meta.url));

for (
  const [free, result] of [[63, "StoreUnavailableError"], [64, "started"]]
) {
  Deno.test(`startThread() with ${free} free descriptors: ${result}`, async () => {
    const { stdout } = await new Deno.Command("sh", {
      args: [
        ...["-c", 'ulimit -n 256; exec "$@"', "sh", Deno.execPath()],
        ...["run", "--no-check", "--no-lock", "--allow-all", script],
        String(free),
      ],
      stderr: "inherit",
    }).output();
    assertEquals(new TextDecoder().decode(stdout).trim(), result);
  });
}
