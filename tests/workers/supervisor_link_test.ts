import { assertEquals } from "@std/assert";
import { createMemoryStore } from "../../src/store/memory/memory_store.ts";
import { encodeMessage } from "../../src/workers/link.ts";
import { SupervisorLink } from "../../src/workers/supervisor_link.ts";
import { createShared, linkWorker, pipes } from "../support/linked.ts";

Deno.test("SupervisorLink.ended comes after all that the worker sent", async () => {
  const worker = linkWorker();
  worker.supervisor.sendFailure("the port is taken");
  await worker[Symbol.asyncDispose]();
  assertEquals(worker.failures, ["the port is taken"]);
});

Deno.test("SupervisorLink removes the watchers of an ended worker", async () => {
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

Deno.test("SupervisorLink reports a worker that does not read, and stops buffering", async () => {
  const shared = createShared();
  const [ours, theirs] = pipes();
  let stalls = 0;
  const link = new SupervisorLink(ours, shared, {
    onReady: () => {},
    onFailed: () => {},
    onStalled: () => stalls += 1,
  });
  const worker = theirs.writable.getWriter();
  const watch = { kind: "watch", taskId: "a", watchers: 1 };
  await worker.write(new TextEncoder().encode(encodeMessage(watch)));
  await worker.write(new Uint8Array()); // resolves after the supervisor's read
  const json = JSON.stringify({ connection_id: "a", data: "x".repeat(1e6) });
  const position = { epoch: "e", offset: 1 };
  const event = JSON.parse(json);
  for (let count = 0; count < 67; count++) {
    shared.store.announce({ kind: "event", event, json, position });
  }
  assertEquals(stalls, 0);
  shared.store.announce({ kind: "event", event, json, position });
  assertEquals(stalls > 0, true);
  await worker.close();
  await link.ended;
  await theirs.readable.cancel();
  await link.close();
});
