import { assertEquals, assertRejects } from "@std/assert";
import { makeOnce } from "../../src/async/make_once.ts";

Deno.test("makeOnce() makes one value for concurrent and later calls", async () => {
  let made = 0;
  const make = makeOnce(() => Promise.resolve(++made));
  assertEquals(await Promise.all([make(), make()]), [1, 1]);
  assertEquals(await make(), 1);
});

Deno.test("makeOnce() tries again after a failure", async () => {
  let attempts = 0;
  const make = makeOnce(() =>
    ++attempts === 1
      ? Promise.reject(new Error("no descriptor"))
      : Promise.resolve(attempts)
  );
  await assertRejects(make, Error, "no descriptor");
  assertEquals(await make(), 2);
  assertEquals(await make(), 2);
});
