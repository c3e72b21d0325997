import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { captureLog } from "../support/captured_log.ts";
import { createShared, linkWorker } from "../support/linked.ts";
import { testConfig } from "../support/server.ts";

Deno.test("WorkerLink.started brings the configuration", async () => {
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

Deno.test("WorkerLink.stopped resolves when the worker should stop", async () => {
  await using worker = linkWorker();
  worker.link.stop(1_500);
  assertEquals(await worker.supervisor.stopped, { timeoutMs: 1_500 });
});

Deno.test("WorkerLink.gone resolves when the supervisor has ended", async () => {
  const worker = linkWorker();
  await worker[Symbol.asyncDispose]();
  await worker.supervisor.gone;
  await assertRejects(() => worker.supervisor.started, Error, "ended");
});

Deno.test("WorkerLink.openStore() announces cancel requests and deletions, too", async () => {
  const shared = createShared();
  await using worker = linkWorker(shared);
  const announced = Promise.withResolvers<unknown>();
  const { store } = worker.supervisor.openStore((announcement) => {
    announced.resolve(announcement);
    return 0;
  });
  await store.watch("a", 1);
  await worker.supervisor.otherWorkers.countUser("7", 0); // resolves after the earlier message
  shared.store.announce({ kind: "missed", taskId: "a" });
  assertEquals(await announced.promise, { kind: "missed", taskId: "a" });
});

Deno.test("WorkerLink.answerQuestions() logs a failed question, and sends no answer", async () => {
  using log = captureLog("error");
  const shared = createShared();
  await using one = linkWorker(shared);
  await using two = linkWorker(shared);
  const { otherWorkers } = one.supervisor;
  two.supervisor.answerQuestions(async (question) => {
    await Promise.resolve();
    if (question.kind !== "disconnect") throw new Error("no figures");
    return { kind: "disconnect", isFound: true };
  });
  const asking = otherWorkers.ask({ kind: "metrics" });
  // The worker still answers questions.
  const { silent } = await otherWorkers.ask({ kind: "disconnect", id: "x" });
  assertEquals(silent, 0);
  assertStringIncludes(log.text, "no figures");
  await two.supervisor.close();
  assertEquals(await asking, { answers: [], silent: 1 });
});
