import { assertEquals } from "@std/assert";
import { cutProxy } from "../support/cut_proxy.ts";
import { published } from "../support/published.ts";
import { startTestServer } from "../support/server.ts";
import { secondsFromNow, signToken } from "../support/tokens.ts";
import { brief, outcomeOf, WatchingClient } from "../support/watched.ts";

async function next(watch: AsyncIterator<Parameters<typeof brief>[0]>) {
  const { done, value } = await watch.next();
  return done ? "done" : brief(value);
}

Deno.test("connect() watches over the server's streams, and resumes", async () => {
  await using server = await startTestServer();
  await using proxy = cutProxy(server.origin);
  const watching = new WatchingClient(proxy.origin, { transport: "sse" });
  const watch = watching.client.watch("a/b");
  const seen = [await next(watch)];
  await published(server, "a/b", { progress: 0.5 });
  seen.push(await next(watch));
  proxy.cut();
  await published(server, "a/b", { progress: 0.6 }, { progress: 0.7 });
  proxy.mend();
  seen.push(await next(watch), await next(watch));
  await published(server, "a/b", { status: "succeeded" });
  seen.push(...await outcomeOf(watch));
  assertEquals(seen, ["sync@0", 1, 2, 3, 4]);
  await watching.closed();
});

Deno.test("connect() obeys the refusals of the server's streams", async () => {
  await using server = await startTestServer();
  await published(server, "a", { user_id: "42" });
  const watch = (tokens: string[]) =>
    new WatchingClient(server.origin, {
      transport: "sse",
      getToken: () => tokens.shift(),
    });
  const guest = watch([]);
  assertEquals(await outcomeOf(guest.client.watch("a")), ["forbidden 4403"]);
  await guest.closed();
  const user = watch([
    await signToken({ sub: "42", exp: secondsFromNow(-60) }),
    await signToken({ sub: "42" }),
  ]);
  const watched = user.client.watch("a");
  assertEquals(await next(watched), "sync@1");
  user.client.close();
  await user.closed();
});

Deno.test("connect() renews a token over the server's streams", async () => {
  await using server = await startTestServer({
    config: { auth: "required", jwtLeewaySeconds: 0 },
  });
  const tokens = [
    await signToken({ sub: "42", exp: secondsFromNow(2) }),
    await signToken({ sub: "42" }),
  ];
  const watching = new WatchingClient(server.origin, {
    transport: "sse",
    getToken: () => tokens.length > 1 ? tokens.shift() : tokens[0],
  });
  const outcome = outcomeOf(watching.client.watch("a"));
  await watching.until(({ identities }) => identities.length === 2);
  await published(server, "a", { status: "succeeded" });
  assertEquals(await outcome, ["sync@0", 1]);
  assertEquals(watching.errors, []);
  await watching.closed();
});

Deno.test("connect() reconnects to the server's streams on request", async () => {
  const server = await startTestServer();
  const watching = new WatchingClient(server.origin, { transport: "sse" });
  const watch = watching.client.watch("a");
  assertEquals(await next(watch), "sync@0");
  await server.stop();
  await watching.until(({ stateNames }) => stateNames.includes("waiting"));
  assertEquals(watching.errors[0]?.code, "server_restarting");
  assertEquals(
    watching.states.at(-1)?.retryInMs,
    watching.errors[0]?.retry_after_ms,
  );
  watching.client.close();
  await watching.closed();
});
