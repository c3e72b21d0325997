import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { watchMemory } from "../../src/process/memory_watch.ts";

Deno.test("watchMemory() resolves at the first second in which memory is over the bound", async () => {
  using time = new FakeTime();
  let bytes = 100;
  using watch = watchMemory(100, () => bytes);
  let seen: number | undefined;
  watch.exceeded.then((exceeded) => seen = exceeded);
  await time.tickAsync(5_000);
  assertEquals(seen, undefined);
  bytes = 101;
  await time.tickAsync(999);
  assertEquals(seen, undefined);
  await time.tickAsync(1);
  await watch.exceeded;
  assertEquals(seen, 101);
});

Deno.test("watchMemory() knows no bound at 0, and looks at nothing", async () => {
  using time = new FakeTime();
  let reads = 0;
  using _watch = watchMemory(0, () => reads += 1);
  await time.tickAsync(10_000);
  assertEquals(reads, 0);
});

Deno.test("watchMemory() ends when it is disposed of", async () => {
  using time = new FakeTime();
  let reads = 0;
  watchMemory(1_000, () => reads += 1)[Symbol.dispose]();
  await time.tickAsync(10_000);
  assertEquals(reads, 0);
});

Deno.test("watchMemory() reads the resident memory of the process", async () => {
  using time = new FakeTime();
  using watch = watchMemory(1);
  await time.tickAsync(1_000);
  assert(await watch.exceeded > 10_000_000);
});
