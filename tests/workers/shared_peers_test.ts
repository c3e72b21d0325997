import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { Answer, Question } from "../../src/cluster/peers.ts";
import { SharedPeers } from "../../src/workers/shared_peers.ts";

const question: Question = { kind: "disconnect", id: "x" };
const answer: Answer = { kind: "disconnect", isFound: true };

/** Workers with a record of question ids. */
function joinPeers(count: number) {
  const peers = new SharedPeers();
  return Array.from({ length: count }, () => {
    const asked: number[] = [];
    const client = peers.join((id) => asked.push(id));
    return { client, asked };
  });
}

Deno.test("SharedPeers.ask() brings the answers of all others", async () => {
  const [one, ...others] = joinPeers(3);
  const asking = one?.client.ask(question);
  assertEquals(one?.asked, []);
  for (const { client, asked } of others) client.answer(asked[0] ?? 0, answer);
  assertEquals(await asking, { answers: [answer, answer], silent: 0 });
});

Deno.test("SharedPeers.ask() waits a second for silent workers", async () => {
  using time = new FakeTime();
  const [one, two] = joinPeers(3);
  const asking = one?.client.ask(question);
  two?.client.answer(two.asked[0] ?? 0, answer);
  await time.tickAsync(1_000);
  assertEquals(await asking, { answers: [answer], silent: 1 });
  two?.client.answer(two.asked[0] ?? 0, answer); // too late, twice
});

Deno.test("SharedPeers.ask() does not wait for an ended worker", async () => {
  const [one, two] = joinPeers(2);
  const asking = one?.client.ask(question);
  two?.client.leave();
  assertEquals(await asking, { answers: [], silent: 1 });
  assertEquals(await one?.client.ask(question), { answers: [], silent: 0 });
});

Deno.test("SharedPeers.countUser() sums the last count of each worker", () => {
  const [one, two] = joinPeers(2);
  assertEquals(one?.client.countUser("7", 1), 1);
  assertEquals(two?.client.countUser("7", 2), 3);
  assertEquals(two?.client.countUser("8", 1), 1);
  assertEquals(one?.client.countUser("7", 0), 2);
  two?.client.leave();
  assertEquals(one?.client.countUser("7", 0), 0);
});
