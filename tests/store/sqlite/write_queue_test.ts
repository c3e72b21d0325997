import { assertEquals, assertInstanceOf } from "@std/assert";
import { WriteQueue } from "../../../src/store/sqlite/write_queue.ts";
import { StoreUnavailableError } from "../../../src/tasks/store.ts";
import { FakeTime } from "../../support/fake_time.ts";

const full = 16_777_216;

/** A queue with a log of the calls that entered, or were rejected. */
function makeQueue() {
  const queue = new WriteQueue();
  const log: string[] = [];
  return {
    queue,
    log,
    enter(name: string) {
      queue.enter(() => log.push(name), (reason) => {
        assertInstanceOf(reason, StoreUnavailableError);
        log.push(`${name} rejected`);
      });
    },
  };
}

Deno.test("WriteQueue.enter() lets calls wait in order while the queue is full", () => {
  using _ = new FakeTime();
  const { queue, log, enter } = makeQueue();
  enter("a");
  queue.add(full);
  for (const name of ["b", "c"]) enter(name);
  assertEquals(log, ["a"]);
  queue.remove(1);
  assertEquals(log, ["a", "b", "c"]);
});

Deno.test("WriteQueue.remove() lets in only as many as there is room for", () => {
  using _ = new FakeTime();
  const { queue, log } = makeQueue();
  queue.add(full);
  for (const name of ["a", "b"]) {
    queue.enter(() => {
      log.push(name);
      queue.add(10);
    }, () => {});
  }
  queue.remove(5);
  assertEquals(log, ["a"]);
  queue.remove(10);
  assertEquals(log, ["a", "b"]);
});

Deno.test("WriteQueue.enter() rejects calls that have waited for 5 seconds", () => {
  using time = new FakeTime();
  const { queue, log, enter } = makeQueue();
  queue.add(full);
  enter("a");
  time.tick(3_000);
  enter("b");
  time.tick(2_000);
  assertEquals(log, ["a rejected"]);
  time.tick(2_999);
  assertEquals(log.length, 1);
  time.tick(1);
  assertEquals(log, ["a rejected", "b rejected"]);
});

Deno.test("WriteQueue.enter() rejects at once if a thousand calls wait", () => {
  using _ = new FakeTime();
  const { queue, log, enter } = makeQueue();
  queue.add(full);
  for (let count = 0; count < 1_000; count++) enter("waits");
  assertEquals(log, []);
  enter("late");
  assertEquals(log, ["late rejected"]);
  queue.remove(full);
  assertEquals(log.length, 1_001);
});
