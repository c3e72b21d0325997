import { assertEquals, assertRejects } from "@std/assert";
import { Semaphore } from "../../src/async/semaphore.ts";

Deno.test("Semaphore.take() runs up to the limit at once, and the rest in order", async () => {
  const turns = new Semaphore(2);
  const begun: number[] = [];
  const ends = [0, 1, 2, 3, 4].map(() => Promise.withResolvers<number>());
  const works = ends.map(({ promise }, index) =>
    turns.take(() => {
      begun.push(index);
      return promise;
    })
  );
  assertEquals(begun, [0, 1]);
  ends[1]?.resolve(1);
  assertEquals(await works[1], 1);
  assertEquals(begun, [0, 1, 2]);
  ends[0]?.reject(new RangeError("failed"));
  await assertRejects(() => works[0] ?? Promise.resolve(), RangeError);
  assertEquals(begun, [0, 1, 2, 3]);
  for (const [index, { resolve }] of ends.entries()) resolve(index);
  assertEquals(await Promise.all(works.slice(2)), [2, 3, 4]);
  assertEquals(await turns.take(() => Promise.resolve("free")), "free");
});
