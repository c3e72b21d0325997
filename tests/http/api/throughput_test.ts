import { assertEquals } from "@std/assert";
import { Throughput } from "../../../src/metrics/throughput.ts";
import { makeApi, scoped } from "../../support/api.ts";

Deno.test("throughputRoutes() reports publishes, deliveries and connections", async () => {
  // Early in a second, to publish within the same second.
  const startedMs = Math.floor(Date.now() / 1_000) * 1_000 - 2_000;
  const throughput = new Throughput(() => 7, startedMs);
  throughput.publish(20, 3, startedMs + 20);
  const { call } = await makeApi({}, () => ({ throughput }));
  const { status, json } = await call("GET /api/stats");
  assertEquals(status, 200);
  const { seconds, now, ...facts } = json() as {
    seconds: Record<string, unknown[]>;
    now: string;
  };
  assertEquals(new Date(now).toISOString(), now);
  assertEquals(facts, {
    started_at: new Date(startedMs).toISOString(),
    connections: 0,
    totals: { published: 1, delivered: 3 },
  });
  const firsts = Object.entries(seconds).map(([name, list]) =>
    name === "from" ? list : [name, list[0]]
  );
  assertEquals(firsts, [
    Math.floor(startedMs / 1_000),
    ["published", 1],
    ["delivered", 3],
    ["connections", 7],
    ["p50_ms", 20],
    ["p99_ms", 20],
  ] as unknown[]);
});

Deno.test("throughputRoutes() counts stored events, but no duplicates", async () => {
  const { call, put, services } = await makeApi();
  const watcher = {
    deliver: () => true,
    notify() {},
    forget() {},
    refresh() {},
  };
  services.hub.join("a", watcher);
  await put("a", { event_id: "1" }, { progress: 0.5 });
  await services.store.publish("a", { event_id: "1" });
  await services.store.publish("a", { kind: "cancel" });
  const { totals } = (await call("GET /api/stats")).json();
  assertEquals(totals, { published: 2, delivered: 2 });
});

Deno.test("throughputRoutes() leaves out the seconds before 'since'", async () => {
  const { call } = await makeApi({}, () => ({
    throughput: new Throughput(() => 0, Date.now() - 5_000),
  }));
  const since = Math.floor(Date.now() / 1_000) - 2;
  const { seconds } = (await call(`GET /api/stats?since=${since}`)).json();
  assertEquals((seconds as { from: number }).from, since);
  assertEquals((await call("GET /api/stats?since=-1")).status, 400);
});

Deno.test("throughputRoutes() is for operators", async () => {
  const { call } = await makeApi();
  const statusFor = async (key: string) =>
    (await call("GET /api/stats", { key })).status;
  assertEquals(await statusFor(""), 401);
  assertEquals(await statusFor(await scoped("publish")), 403);
  assertEquals(await statusFor(await scoped("admin")), 200);
});
