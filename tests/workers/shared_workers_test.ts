import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { Answer, Question } from "../../src/cluster/other_nodes.ts";
import { SharedWorkers } from "../../src/workers/shared_workers.ts";

const question: Question = { kind: "disconnect", id: "x" };
const answer: Answer = { kind: "disconnect", isFound: true };

/** Workers with a record of question ids. */
function joinWorkers(count: number) {
  const workers = new SharedWorkers();
  return Array.from({ length: count }, () => {
    const asked: number[] = [];
    const client = workers.join((id) => asked.push(id));
    return { client, asked };
  });
}

Deno.test("SharedWorkers.ask() returns the answers of all other workers", async () => {
  const [one, ...others] = joinWorkers(3);
  const asking = one?.client.ask(question);
  assertEquals(one?.asked, []);
  for (const { client, asked } of others) client.answer(asked[0] ?? 0, answer);
  assertEquals(await asking, { answers: [answer, answer], silent: 0 });
});

Deno.test("SharedWorkers.ask() waits a second for silent workers", async () => {
  using time = new FakeTime();
  const [one, two] = joinWorkers(3);
  const asking = one?.client.ask(question);
  two?.client.answer(two.asked[0] ?? 0, answer);
  await time.tickAsync(1_000);
  assertEquals(await asking, { answers: [answer], silent: 1 });
  two?.client.answer(two.asked[0] ?? 0, answer); // too late, twice
});

Deno.test("SharedWorkers.ask() does not wait for an ended worker", async () => {
  const [one, two] = joinWorkers(2);
  const asking = one?.client.ask(question);
  two?.client.leave();
  assertEquals(await asking, { answers: [], silent: 1 });
  assertEquals(await one?.client.ask(question), { answers: [], silent: 0 });
});

Deno.test("SharedWorkers.countUser() sums the last count of each worker", () => {
  const [one, two] = joinWorkers(2);
  assertEquals(one?.client.countUser("7", 1), 1);
  assertEquals(two?.client.countUser("7", 2), 3);
  assertEquals(two?.client.countUser("8", 1), 1);
  assertEquals(one?.client.countUser("7", 0), 2);
  two?.client.leave();
  assertEquals(one?.client.countUser("7", 0), 0);
});
