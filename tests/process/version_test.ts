import { assertEquals, assertMatch } from "@std/assert";
import { version } from "../../src/process/version.ts";

Deno.test("version is the one in deno.json", async () => {
  const text = await Deno.readTextFile(
    new URL("../../deno.json", import.meta.url),
  );
  assertEquals(version, JSON.parse(text).version);
  assertMatch(version, /^\d+\.\d+\.\d+(-[\w.]+)?$/);
});
