import { assertEquals } from "@std/assert";
import { FakeTime } from "../support/fake_time.ts";
import { createServices } from "../../src/create_services.ts";
import type { Services } from "../../src/services.ts";
import { realtimeEndpoint } from "../../src/realtime/endpoint.ts";
import { fakeConnection } from "../support/fake_connection.ts";
import { testConfig } from "../support/server.ts";

/** Starts a server whose verifier accepts only the token `good`. */
async function makeServices(): Promise<Services> {
  const grant = { userId: "42", scopes: new Set<string>() };
  const rejection = { code: "token_malformed", message: "Bad" } as const;
  return {
    ...await createServices(testConfig()),
    verifier: {
      verify: (token) =>
        Promise.resolve(
          token === "good" ? { ok: true, grant } : { ok: false, rejection },
        ),
    },
  };
}

/** Connects with a token, or as a guest. */
function connect(services: Services, token?: string, remoteAddress = "a") {
  const { connection, transport } = fakeConnection(1_000_000, {
    remoteAddress,
  });
  services.registry.add(connection);
  const joined = Promise.resolve(realtimeEndpoint(connection, services, token));
  return { connection, transport, joined };
}

/** Measures the wait for `connected`, in milliseconds. */
async function waitedMs(
  time: FakeTime,
  services: Services,
  token?: string,
  remoteAddress?: string,
): Promise<number> {
  const start = Date.now();
  const { connection, transport, joined } = connect(
    services,
    token,
    remoteAddress,
  );
  await time.runMicrotasks();
  while (transport.sent.length === 0) {
    await time.tickAsync(50);
    await time.runMicrotasks();
  }
  const waited = Date.now() - start;
  await time.runMicrotasks();
  await joined;
  connection.close(1000);
  return waited;
}

Deno.test("realtimeEndpoint() delays an address after many bad tokens, but no guest or good token", async () => {
  using time = new FakeTime();
  const services = await makeServices();
  const waited: number[] = [];
  for (let count = 1; count <= 18; count += 1) {
    waited.push(await waitedMs(time, services, `bad-${count}`));
  }
  assertEquals(waited.slice(0, 10), Array(10).fill(0));
  assertEquals(
    waited.slice(10),
    [100, 200, 400, 800, 1_600, 2_000, 2_000, 2_000],
  );
  assertEquals(await waitedMs(time, services, "good"), 0);
  assertEquals(await waitedMs(time, services), 0);
  assertEquals(await waitedMs(time, services, "bad", "b"), 0);
  await time.tickAsync(60_000);
  assertEquals(await waitedMs(time, services, "bad"), 0);
});

Deno.test("realtimeEndpoint() delays simultaneous guesses", async () => {
  using time = new FakeTime();
  const services = await makeServices();
  const guesses = Array.from(
    { length: 1_000 },
    (_, count) => connect(services, `bad-${count}`),
  );
  await time.runMicrotasks();
  const answered = () =>
    guesses.filter(({ transport }) => transport.sent.length > 0).length;
  assertEquals(answered(), 10);
  await time.tickAsync(1_999);
  await time.runMicrotasks();
  assertEquals(answered(), 15);
  await time.tickAsync(1);
  await time.runMicrotasks();
  assertEquals(answered(), 1_000);
  await Promise.all(guesses.map(({ joined }) => joined));
});

Deno.test("realtimeEndpoint() stops the delay of a disconnected client", async () => {
  using time = new FakeTime();
  const services = await makeServices();
  for (let count = 1; count <= 20; count += 1) services.badTokens.note("a");
  const { connection, transport, joined } = connect(services, "bad");
  await time.runMicrotasks();
  connection.ended();
  await joined;
  assertEquals(transport.sent, []);
});
