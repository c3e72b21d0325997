import { assertEquals } from "@std/assert";
import { PendingQuestion } from "../../src/cluster/pending_question.ts";

const found = { kind: "disconnect", isFound: true } as const;

async function isComplete(collection: PendingQuestion): Promise<boolean> {
  return await Promise.race([
    collection.complete.then(() => true),
    Promise.resolve().then(() => Promise.resolve(false)),
  ]);
}

Deno.test("PendingQuestion.complete waits for all expected answers, and for the asking node's echo", async () => {
  const collection = new PendingQuestion();
  collection.add("b", found);
  collection.expect(3);
  assertEquals(await isComplete(collection), false);
  collection.echoed();
  assertEquals(await isComplete(collection), false);
  collection.add("b", found); // the same once more
  assertEquals(await isComplete(collection), false);
  collection.add("c", found);
  assertEquals(await isComplete(collection), true);
  assertEquals(collection.result(9), { answers: [found, found], silent: 0 });
});

Deno.test("PendingQuestion.complete does not wait for an asking node that receives nothing", async () => {
  const collection = new PendingQuestion();
  collection.expect(1);
  collection.add("b", found);
  assertEquals(await isComplete(collection), true);
});

Deno.test("PendingQuestion.complete resolves at once without other nodes", async () => {
  const collection = new PendingQuestion();
  collection.echoed();
  collection.expect(1);
  assertEquals(await isComplete(collection), true);
  assertEquals(collection.result(9), { answers: [], silent: 0 });
});

Deno.test("PendingQuestion.result() counts silent nodes", () => {
  const collection = new PendingQuestion();
  collection.expect(4);
  collection.echoed();
  collection.add("b", found);
  assertEquals(collection.others, 3);
  assertEquals(collection.result(9), { answers: [found], silent: 2 });
});

Deno.test("PendingQuestion.result() uses the given number if the number is unknown", async () => {
  const collection = new PendingQuestion();
  collection.giveUp();
  assertEquals(await isComplete(collection), true);
  assertEquals(collection.others, undefined);
  assertEquals(collection.result(2), { answers: [], silent: 2 });
});
