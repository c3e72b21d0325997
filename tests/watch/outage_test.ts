import { assertEquals } from "@std/assert";
import { waitForStore } from "../../src/watch/outage.ts";

/** An outage, and a log of resolved waits in order. */
function bench() {
  const { promise, resolve } = Promise.withResolvers<void>();
  const order: string[] = [];
  return {
    order,
    restore: resolve,
    wait(name: string) {
      const wait = waitForStore(promise);
      const done = wait.over.then(() => void order.push(name));
      return { ...wait, done };
    },
  };
}

Deno.test("waitForStore() resolves all waits once the store is back, in order", async () => {
  const { order, restore, wait } = bench();
  const waits = ["one", "two"].map(wait);
  await Promise.resolve();
  assertEquals(order, []);
  restore();
  await Promise.all(waits.map(({ done }) => done));
  assertEquals(order, ["one", "two"]);
});

Deno.test("waitForStore() releases a wait that is given up", async () => {
  const { order, restore, wait } = bench();
  const [one, two] = [wait("one"), wait("two")];
  one.giveUp();
  one.giveUp();
  await one.done;
  assertEquals(order, ["one"]);
  restore();
  await two.done;
  assertEquals(order, ["one", "two"]);
});

Deno.test("waitForStore() resolves at once if the store is back already", async () => {
  const { order, restore, wait } = bench();
  restore();
  await wait("one").done;
  await wait("two").done;
  assertEquals(order, ["one", "two"]);
});
