import { assert, assertEquals } from "@std/assert";
import { buildClient } from "../../.ci/build-client.ts";

const folder = new URL("../../src/client/", import.meta.url);

const made = await buildClient();

for (const [name, text] of Object.entries(made)) {
  Deno.test(`${name} is up to date with deno task client`, async () => {
    assertEquals(await Deno.readTextFile(new URL(name, folder)), text);
  });
}

const compressed = new Blob([made["client.js"]]).stream()
  .pipeThrough(new CompressionStream("gzip"));
const { byteLength } = await new Response(compressed).arrayBuffer();

Deno.test(`client.js takes ${byteLength} bytes when compressed, less than 5,000`, () => {
  assert(byteLength < 5_000);
});

Deno.test("client.js has no import", () => {
  assertEquals(/\bimport\b/.test(made["client.js"]), false);
});
