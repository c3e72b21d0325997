import { assertEquals } from "@std/assert";
import { noSiblings } from "../src/siblings.ts";

Deno.test("noSiblings have nothing to tell", async () => {
  assertEquals(await noSiblings.scrape(), []);
  assertEquals(await noSiblings.reportStats(0), []);
});
