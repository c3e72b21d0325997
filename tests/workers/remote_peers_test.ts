import { assertEquals } from "@std/assert";
import type { Answer } from "../../src/cluster/peers.ts";
import {
  createShared,
  type LinkedWorker,
  linkWorker,
} from "../support/linked.ts";

const denyAll = (): Answer => ({ kind: "disconnect", isFound: false });

Deno.test("createRemotePeers() asks the other workers", async () => {
  const shared = createShared();
  await using one = linkWorker(shared);
  await using two = linkWorker(shared);
  two.supervisor.joinPeers((question) => ({
    kind: "disconnect",
    isFound: question.kind === "disconnect" && question.id === "x",
  }));
  const peers = one.supervisor.joinPeers(denyAll);
  assertEquals(
    await peers.ask({ kind: "disconnect", id: "x" }),
    { answers: [{ kind: "disconnect", isFound: true }], silent: 0 },
  );
});

Deno.test("createRemotePeers() counts a user's connections in all workers", async () => {
  const shared = createShared();
  await using one = linkWorker(shared);
  await using two = linkWorker(shared);
  const count = ({ supervisor }: LinkedWorker, here: number) =>
    supervisor.joinPeers(denyAll).countUser("7", here);
  assertEquals(await count(one, 2), 2);
  assertEquals(await count(two, 1), 3);
});

Deno.test("createRemotePeers() goes on alone where the supervisor has gone", async () => {
  const worker = linkWorker();
  await worker[Symbol.asyncDispose]();
  const peers = worker.supervisor.joinPeers(denyAll);
  assertEquals(await peers.countUser("7", 2), 2);
  assertEquals(
    await peers.ask({ kind: "disconnect", id: "x" }),
    { answers: [], silent: 1 },
  );
});
