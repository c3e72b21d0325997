import { assertEquals } from "@std/assert";
import { byLabel } from "../../../src/http/metrics/by_label.ts";

Deno.test("byLabel() gives each count its label", () => {
  assertEquals(byLabel("code", { 1000: 2, other: 0 }), [
    [{ code: "1000" }, 2],
    [{ code: "other" }, 0],
  ]);
});
