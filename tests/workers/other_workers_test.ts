import { assertEquals } from "@std/assert";
import { createShared, linkWorker } from "../support/linked.ts";

Deno.test("createOtherWorkers() asks the other workers", async () => {
  const shared = createShared();
  await using one = linkWorker(shared);
  await using two = linkWorker(shared);
  two.supervisor.answerQuestions((question) =>
    Promise.resolve({
      kind: "disconnect",
      isFound: question.kind === "disconnect" && question.id === "x",
    })
  );
  assertEquals(
    await one.supervisor.otherWorkers.ask({ kind: "disconnect", id: "x" }),
    { answers: [{ kind: "disconnect", isFound: true }], silent: 0 },
  );
});

Deno.test("createOtherWorkers() counts a user's connections in all workers", async () => {
  const shared = createShared();
  await using one = linkWorker(shared);
  await using two = linkWorker(shared);
  assertEquals(await one.supervisor.otherWorkers.countUser("7", 2), 2);
  assertEquals(await two.supervisor.otherWorkers.countUser("7", 1), 3);
});

Deno.test("createOtherWorkers() works alone if the supervisor has ended", async () => {
  const worker = linkWorker();
  await worker[Symbol.asyncDispose]();
  const { otherWorkers } = worker.supervisor;
  assertEquals(await otherWorkers.countUser("7", 2), 2);
  assertEquals(
    await otherWorkers.ask({ kind: "disconnect", id: "x" }),
    { answers: [], silent: 1 },
  );
});
