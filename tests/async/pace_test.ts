import { assertEquals, assertRejects } from "@std/assert";
import { setImmediate } from "node:timers";
import { Pace } from "../../src/async/pace.ts";

/** Work that takes more than a turn of the event loop allows. */
function workLong(): void {
  const endsAtMs = performance.now() + 6;
  while (performance.now() < endsAtMs);
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => resolve()));
}

Deno.test("Pace.run() runs short work at once", async () => {
  const pace = new Pace();
  const done: number[] = [];
  const results = [1, 2, 3].map((id) =>
    pace.run(() => {
      done.push(id);
      return id;
    })
  );
  assertEquals(done, [1, 2, 3]);
  assertEquals(await Promise.all(results), [1, 2, 3]);
  await nextTurn();
});

Deno.test("Pace.run() leaves work after long work to later turns, in order", async () => {
  const pace = new Pace();
  const done: number[] = [];
  const results = [1, 2, 3].map((id) =>
    pace.run(() => {
      done.push(id);
      workLong();
    })
  );
  for (const expected of [[1], [1, 2], [1, 2, 3]]) {
    assertEquals(done, expected);
    await nextTurn();
  }
  await Promise.all(results);
});

Deno.test("Pace.run() rejects with the work's error, and continues", async () => {
  const pace = new Pace();
  const failing = pace.run(() => {
    throw new RangeError("no such page");
  });
  assertEquals(await pace.run(() => 1), 1);
  await assertRejects(() => failing, RangeError, "no such page");
  await nextTurn();
});
