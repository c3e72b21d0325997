import { assertEquals, assertRejects } from "@std/assert";
import { Coalescer } from "../../src/async/coalescer.ts";

Deno.test("Coalescer runs work once afterwards for all calls made meanwhile", async () => {
  const works = new Coalescer();
  const gates = [0, 1, 2].map(() => Promise.withResolvers<void>());
  let count = 0;
  const done: number[] = [];
  async function work(): Promise<void> {
    const number = count++;
    await gates[number]?.promise;
    done.push(number);
  }
  const asked = [1, 2, 3].map(() => works.run("a", work));
  assertEquals(count, 1);
  const other = works.run("b", work); // has nothing to do with it
  assertEquals(count, 2);
  gates[1]?.resolve();
  await other;
  gates[0]?.resolve();
  await asked[0];
  gates[2]?.resolve();
  await Promise.all(asked);
  assertEquals([count, done], [3, [1, 0, 2]]);
  await works.run("a", work);
  assertEquals(count, 4);
});

Deno.test("Coalescer continues after failed work", async () => {
  const works = new Coalescer();
  const fail = () => Promise.reject(new RangeError("no"));
  const first = works.run("a", fail);
  const second = works.run("a", () => Promise.resolve());
  await assertRejects(() => first, RangeError);
  await second;
});
