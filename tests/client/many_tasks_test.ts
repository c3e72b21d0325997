import { assertEquals } from "@std/assert";
import { connect } from "../../src/client/mod.ts";
import { published } from "../support/published.ts";
import { startTestServer } from "../support/server.ts";
import { outcomeOf, WatchingClient } from "../support/watched.ts";

Deno.test("connect() watches more tasks than a socket may", async () => {
  await using server = await startTestServer();
  const errors: string[] = [];
  const ended = Promise.withResolvers<void>();
  let openLinks = 0;
  const client = connect(server.origin, {
    onError: ({ code }) => errors.push(code),
    onState: ({ state }) => {
      if (state === "open") openLinks += 1;
      if (state === "closed" && --openLinks === 0) ended.resolve();
    },
  });
  const watches = Array.from({ length: 150 }, (_, i) => client.watch(`t${i}`));
  const first = await Promise.all(watches.map((watch) => watch.next()));
  assertEquals(first.every(({ value }) => value.type === "sync"), true);
  assertEquals(errors, []);
  client.close();
  await ended.promise;
});

Deno.test("connect() keeps within the rate of a careful server, from the first watch to the last", async () => {
  await using server = await startTestServer({ config: { messageRate: 10 } });
  const watching = new WatchingClient(server.origin);
  const ids = Array.from({ length: 30 }, (_, i) => `t${i}`);
  const watches = ids.map((id) => watching.client.watch(id));
  for (const watch of watches) {
    assertEquals((await watch.next()).value.type, "sync");
  }
  for (const id of ids) await published(server, id, { status: "succeeded" });
  for (const watch of watches) assertEquals(await outcomeOf(watch), [1]);
  await watching.closed();
  assertEquals(watching.errors, []);
  assertEquals(watching.stateNames, ["connecting", "open", "closed"]);
});
