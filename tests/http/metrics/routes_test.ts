import { assert, assertEquals, assertFalse } from "@std/assert";
import { createApp } from "../../../src/app.ts";
import { noOtherNodes } from "../../../src/cluster/other_nodes.ts";
import { createServices } from "../../../src/create_services.ts";
import { makeApi, scoped } from "../../support/api.ts";
import { runTool } from "../../support/external_tool.ts";
import { JoinedNodes } from "../../support/joined_nodes.ts";
import { needs } from "../../support/needs.ts";
import { openRealtime } from "../../support/realtime.ts";
import { scrape } from "../../support/scrape.ts";
import {
  startTestServer,
  testConfig,
  type TestServer,
} from "../../support/server.ts";

Deno.test("metricsRoute() requires an API key, or a JWT with the scope admin", async () => {
  const { call } = await makeApi();
  for (
    const [key, status] of [
      ["", 401],
      ["another", 401],
      [await scoped("publish"), 403],
      [await scoped("publish admin"), 200],
    ] as const
  ) assertEquals((await call("GET /metrics", { key })).status, status);
});

Deno.test("metricsRoute() answers in Prometheus' text format, with the same metrics each time", async () => {
  const { call } = await makeApi();
  const answers = [await call("GET /metrics"), await call("GET /metrics")];
  for (const { status, headers, text } of answers) {
    assertEquals(status, 200);
    assertEquals(
      headers.get("content-type"),
      "text/plain; version=0.0.4; charset=utf-8",
    );
    assert(text.endsWith("\n"));
  }
  const [names] = answers.map(({ text }) => text.match(/^# TYPE .*$/gm));
  assertEquals(answers[1]?.text.match(/^# TYPE .*$/gm), names);
  assertEquals((names?.length ?? 0) > 20, true);
});

Deno.test("metricsRoute() has a sample of every metric, from the start", async () => {
  await using server = await startTestServer();
  const { types, samples } = await scrape(server.origin);
  const named = [...samples.keys()].map((sample) =>
    sample.replace(/\{.*/, "").replace(/_(?:bucket|sum|count)$/, "")
  );
  assertEquals(new Set(named), new Set(types.keys()));
});

/** Starts worker 1 of a server; workers 2 and 3 exist in memory only. */
async function startWorkers(
  nodes = new JoinedNodes(),
): Promise<TestServer> {
  const join = async (worker: number) => {
    const made = await createServices(testConfig(), undefined, {
      worker,
      otherWorkers: noOtherNodes, // replaced below, after joining
    });
    createApp(made); // adds the routes to the metrics
    return { ...made, otherWorkers: nodes.join(made) };
  };
  const first = await join(1);
  for (const worker of [2, 3]) await join(worker);
  return await startTestServer({ services: () => first });
}

Deno.test("metricsRoute() shows each series of all workers, and the number of workers", async () => {
  await using server = await startWorkers();
  await using _socket = await openRealtime(server, "a", { sub: "42" });
  const { samples } = await scrape(server.origin);
  assertEquals(samples.get("taskwire_workers"), 3);
  for (const [worker, sockets] of [["1", 1], ["2", 0], ["3", 0]]) {
    assertEquals(samples.get(`taskwire_sockets{worker="${worker}"}`), sockets);
  }
  const byWorker = (worker: number) =>
    [...samples.keys()].filter((sample) =>
      sample.includes(`worker="${worker}"`)
    ).map((sample) => sample.replace(/\{.*/, ""));
  // Only worker 1 has connections, and so more series.
  assertEquals(byWorker(2), byWorker(3));
  assertEquals(new Set(byWorker(1)), new Set(byWorker(2)));
  const others = [...samples.keys()].filter((sample) =>
    !sample.includes('worker="')
  );
  assertEquals(others, ["taskwire_workers"]);
});

Deno.test("metricsRoute() leaves out a silent worker", async () => {
  const nodes = new JoinedNodes();
  await using server = await startWorkers(nodes);
  const silent = await createServices(testConfig());
  nodes.join(silent);
  nodes.silence(silent.registry);
  const { samples } = await scrape(server.origin);
  assertEquals(samples.get("taskwire_workers"), 3);
});

Deno.test("metricsRoute() does not mention workers if there is a single process", async () => {
  await using server = await startTestServer();
  const { text } = await scrape(server.origin);
  assertFalse(text.includes("taskwire_workers"));
  assertFalse(text.includes("taskwire_sockets{"));
});

needs("promtool")(
  "metricsRoute() passes promtool",
  async () => {
    for (const start of [startTestServer, startWorkers]) {
      await using server = await start();
      await using _socket = await openRealtime(server, "a", { sub: "42" });
      const { text } = await scrape(server.origin);
      const { success, output } = await runTool(
        "promtool",
        ["check", "metrics"],
        text,
      );
      assertEquals([success, output], [true, ""]);
    }
  },
);
