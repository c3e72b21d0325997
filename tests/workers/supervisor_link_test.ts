import { assertEquals, assertRejects } from "@std/assert";
import type { Answer } from "../../src/cluster/peers.ts";
import { createShared, linkWorker } from "../support/linked.ts";
import { testConfig } from "../support/server.ts";

const denyAll = (): Answer => ({ kind: "disconnect", isFound: false });

Deno.test("SupervisorLink.started brings the configuration", async () => {
  await using worker = linkWorker();
  const config = testConfig({ port: 4711 });
  const publicKey = { path: "key.pem", text: "-----BEGIN" };
  worker.link.start({ config, publicKey, worker: 2 });
  assertEquals(await worker.supervisor.started, {
    config,
    publicKey,
    worker: 2,
  });
});

Deno.test("SupervisorLink.stopped tells that the worker is to stop", async () => {
  await using worker = linkWorker();
  worker.link.stop(1_500);
  assertEquals(await worker.supervisor.stopped, { timeoutMs: 1_500 });
});

Deno.test("SupervisorLink.gone tells that the supervisor has gone", async () => {
  const worker = linkWorker();
  await worker[Symbol.asyncDispose]();
  await worker.supervisor.gone;
  await assertRejects(() => worker.supervisor.started, Error, "gone");
});

Deno.test("SupervisorLink.openStore() announces what isn't an event, too", async () => {
  const shared = createShared();
  await using worker = linkWorker(shared);
  const announced = Promise.withResolvers<unknown>();
  const { store } = worker.supervisor.openStore((announcement) => {
    announced.resolve(announcement);
    return 0;
  });
  await store.watch("a", 1);
  const peers = worker.supervisor.joinPeers(denyAll);
  await peers.countUser("7", 0); // comes after it
  shared.store.announce({ kind: "missed", connectionId: "a" });
  assertEquals(await announced.promise, { kind: "missed", connectionId: "a" });
});
