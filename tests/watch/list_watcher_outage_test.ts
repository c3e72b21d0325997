import { assertEquals } from "@std/assert";
import {
  StoreDisconnectedError,
  StoreUnavailableError,
} from "../../src/tasks/store.ts";
import { FakeTime } from "../support/fake_time.ts";
import { Listing } from "../support/listing.ts";

/** Makes the reads of all lists fail until restored. */
function breakStore(bench: Listing): { restore: () => void } {
  const restored = Promise.withResolvers<void>();
  bench.hooks.before = () => {
    throw new StoreDisconnectedError("away", restored.promise);
  };
  return {
    restore() {
      delete bench.hooks.before;
      restored.resolve();
    },
  };
}

Deno.test("ListWatcher.start() does not wait for a disconnected store, and sends the list later", async () => {
  using time = new FakeTime();
  using bench = new Listing();
  await bench.put("a");
  const outage = breakStore(bench);
  const opened = bench.open();
  await opened.started;
  await bench.put("b", { status: "succeeded" });
  await time.runMicrotasks();
  assertEquals([opened.outlet.frames.length, opened.outlet.isClosed], [
    0,
    false,
  ]);
  outage.restore();
  await time.runMicrotasks();
  assertEquals(opened.outlet.frames.length, 1);
  assertEquals(opened.client.ids.toSorted(), ["a", "b"]);
  await bench.put("a", { status: "succeeded" });
  assertEquals(opened.client.tasks.length, 2);
});

Deno.test("ListWatcher.start() does not wait for a topic that can't be followed yet", async () => {
  using time = new FakeTime();
  const restored = Promise.withResolvers<void>();
  const follows: [string, boolean][] = [];
  using bench = new Listing({
    follow(topic, isFollowed) {
      follows.push([topic, isFollowed]);
      return isFollowed
        ? Promise.reject(new StoreDisconnectedError("away", restored.promise))
        : Promise.resolve();
    },
  });
  await bench.put("a");
  const opened = bench.open();
  await opened.started;
  assertEquals(opened.outlet.frames.length, 0);
  restored.resolve();
  await time.runMicrotasks();
  assertEquals(opened.client.ids, ["a"]);
  opened.list.stop();
  assertEquals(follows, [["owner:7", true], ["owner:7", false]]);
});

Deno.test("ListWatcher reads the whole list after an outage", async () => {
  for (const method of ["list", "read"] as const) {
    using time = new FakeTime();
    using bench = new Listing();
    await bench.put("a");
    await bench.put("forgotten");
    await bench.put("deleted");
    const opened = bench.open();
    await opened.started;
    opened.outlet.congest();
    if (method === "list") opened.list.refresh();
    await bench.put("a", { status: "succeeded" });
    await bench.store.forget("forgotten");
    const outage = breakStore(bench);
    opened.outlet.drain();
    await time.runMicrotasks();
    assertEquals(bench.calls, ["list", method]);
    const { announce } = bench.hub;
    bench.hub.announce = () => 0; // lost
    await bench.store.forget("deleted");
    await bench.put("b");
    bench.hub.announce = announce;
    outage.restore();
    await time.runMicrotasks();
    assertEquals(opened.client.ids.toSorted(), ["a", "b"]);
    assertEquals(opened.outlet.failures, []);
  }
});

Deno.test("ListWatcher.stop() ends the wait for a disconnected store", async () => {
  using time = new FakeTime();
  using bench = new Listing();
  const outage = breakStore(bench);
  const opened = bench.open();
  await opened.started;
  opened.list.stop();
  outage.restore();
  await time.runMicrotasks();
  assertEquals([opened.outlet.frames, bench.calls], [[], ["list"]]);
  assertEquals(bench.hub.lists.listCount, 0);
});

Deno.test("ListWatcher fails its outlet if the store can't be read later", async () => {
  using time = new FakeTime();
  using bench = new Listing();
  await bench.put("a");
  const opened = bench.open();
  await opened.started;
  const broken = new StoreUnavailableError("broken");
  bench.hooks.before = () => {
    throw broken;
  };
  opened.list.refresh();
  await time.runMicrotasks();
  assertEquals(opened.outlet.failures, [broken]);
  assertEquals(bench.hub.lists.listCount, 0);
});
