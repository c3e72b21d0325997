import { assertEquals } from "@std/assert";
import { createMemoryStore } from "../../src/store/memory_store.ts";
import { createShared, linkWorker } from "../support/linked.ts";

Deno.test("WorkerLink.ended comes after all that the worker sent", async () => {
  const worker = linkWorker();
  worker.supervisor.sendFailure("the port is taken");
  await worker[Symbol.asyncDispose]();
  assertEquals(worker.failures, ["the port is taken"]);
});

Deno.test("WorkerLink forgets the watchers of a worker that has gone", async () => {
  const shared = createShared();
  shared.store.open(
    createMemoryStore({ historyLimit: 9, historyTtlMs: 9 }, () => 0),
  );
  const worker = linkWorker(shared);
  const { store } = worker.supervisor.openStore(() => 0);
  await store.watch("a", 3);
  assertEquals((await store.read("a")).watchers, 3);
  await worker[Symbol.asyncDispose]();
  assertEquals(shared.store.watcherCount("a"), 0);
});
