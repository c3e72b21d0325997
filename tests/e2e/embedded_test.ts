import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";

const binary = Deno.env.get("TASKWIRE_BINARY");

if (binary !== undefined) {
  Deno.test("the binary embeds a bundle, and neither packages nor modules of src", async () => {
    const bytes = Buffer.from(await Deno.readFile(binary));
    // the binary lists its files as JSON
    const names = [
      "bundle",
      ".deno_compile_node_modules",
      "create_services.ts",
    ];
    assertEquals(names.map((name) => bytes.includes(`{"n":"${name}",`)), [
      true,
      false,
      false,
    ]);
  });
}
