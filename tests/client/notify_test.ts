import { assertEquals } from "@std/assert";
import { notify } from "../../src/client/notify.ts";

Deno.test("notify() calls back in order, and not before the caller is done", async () => {
  const seen: number[] = [];
  notify((value: number) => seen.push(value), 1);
  notify((value: number) => seen.push(value), 2);
  assertEquals(seen, []);
  await Promise.resolve();
  assertEquals(seen, [1, 2]);
});

Deno.test("notify() works without a listener", async () => {
  notify(undefined, 1);
  await Promise.resolve();
});
