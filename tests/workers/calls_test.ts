import { assertEquals, assertRejects } from "@std/assert";
import { StoreUnavailableError } from "../../src/tasks/store.ts";
import { Calls } from "../../src/workers/calls.ts";

Deno.test("Calls resolves each call with its own result", async () => {
  const calls = new Calls();
  const ids: number[] = [];
  const made = [0, 1].map(() => calls.make((id) => ids.push(id)));
  const [first = 0, second = 0] = ids;
  calls.resolve(second, { result: "b", texts: [] });
  calls.resolve(first, { result: "a", texts: ["{}"] });
  calls.resolve(99, { result: "nobody's", texts: [] });
  assertEquals(await Promise.all(made), [
    { result: "a", texts: ["{}"] },
    { result: "b", texts: [] },
  ]);
});

Deno.test("Calls rejects a call with the error that was sent", async () => {
  const calls = new Calls();
  let id = 0;
  const made = calls.make((given) => id = given);
  calls.reject(id, { name: "StoreUnavailableError", message: "is full" });
  await assertRejects(() => made, StoreUnavailableError, "is full");
});

Deno.test("Calls.fail() rejects those that wait and those to come", async () => {
  const calls = new Calls();
  const waiting = calls.make(() => {});
  calls.fail(new RangeError("gone"));
  await assertRejects(() => waiting, RangeError, "gone");
  await assertRejects(() => calls.make(() => {}), RangeError, "gone");
});

Deno.test("Calls forgets a call that could not be sent", async () => {
  const calls = new Calls();
  await assertRejects(
    () =>
      calls.make(() => {
        throw new TypeError("a BigInt");
      }),
    TypeError,
  );
  calls.fail(new Error("gone")); // no call is left to reject
});
