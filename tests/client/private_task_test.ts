import { assert, assertEquals } from "@std/assert";
import { published } from "../support/published.ts";
import { startTestServer } from "../support/server.ts";
import { secondsFromNow, signToken } from "../support/tokens.ts";
import { outcomeOf, WatchingClient } from "../support/watched.ts";

const expired = await signToken({ sub: "42", exp: secondsFromNow(-60) });
const good = await signToken({ sub: "42" });

for (const transport of ["websocket", "sse"] as const) {
  Deno.test(`connect() gets a new token for a private task when the first has expired, by ${transport}`, async () => {
    await using server = await startTestServer();
    await published(server, "a", { user_id: "42" }, { status: "succeeded" });
    const tokens = [expired, good];
    const watching = new WatchingClient(server.origin, {
      transport,
      getToken: () => tokens.shift(),
    });
    assertEquals(await outcomeOf(watching.client.watch("a")), ["sync@2"]);
    await watching.closed();
    assertEquals(watching.stateNames.includes("waiting"), false);
  });

  Deno.test(`connect() gives up a private task if only an expired token is available, by ${transport}`, async () => {
    await using server = await startTestServer();
    await published(server, "a", { user_id: "42" });
    let asked = 0;
    const watching = new WatchingClient(server.origin, {
      transport,
      getToken() {
        asked += 1;
        return expired;
      },
    });
    assertEquals(await outcomeOf(watching.client.watch("a")), [
      "token_expired 4401",
    ]);
    await watching.closed();
    assertEquals(asked, 2);
  });

  Deno.test(`connect() reconnects to a private task when tokens can be checked again, by ${transport}`, async () => {
    let isDown = true;
    await using server = await startTestServer({
      services: ({ verifier }) => ({
        verifier: {
          verify: (token) =>
            isDown ? Promise.reject(new Error("down")) : verifier.verify(token),
        },
      }),
    });
    await published(server, "a", { user_id: "42" }, { status: "succeeded" });
    const watching = new WatchingClient(server.origin, {
      transport,
      getToken: () => good,
    });
    const outcome = outcomeOf(watching.client.watch("a"));
    await watching.until(({ stateNames }) => stateNames.includes("waiting"));
    const { retry_after_ms } = watching.errors.at(-1) ?? {};
    assert(Number(retry_after_ms) >= 500);
    assertEquals(watching.states.at(-1)?.retryInMs, retry_after_ms);
    isDown = false;
    dispatchEvent(new Event("online"));
    assertEquals(await outcome, ["sync@2"]);
    await watching.closed();
  });
}
