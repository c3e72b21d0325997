import { assertEquals } from "@std/assert";
import { connect } from "../../src/client/mod.ts";
import { startTestServer } from "../support/server.ts";

Deno.test("connect() watches more tasks than one socket may", async () => {
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
