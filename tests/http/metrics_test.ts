import { assert, assertEquals } from "@std/assert";
import { makeApi, scoped } from "../support/api.ts";
import { lacksTool, runTool } from "../support/external_tool.ts";
import { openRealtime } from "../support/realtime.ts";
import { scrape } from "../support/scrape.ts";
import { startTestServer } from "../support/server.ts";

Deno.test("metricsRoute() wants an API key, or a JWT with admin", async () => {
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

Deno.test("metricsRoute() answers in Prometheus' text format, and the same twice", async () => {
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

Deno.test({
  name: "metricsRoute() finds nothing for promtool to complain of",
  ignore: await lacksTool("promtool"),
  async fn() {
    await using server = await startTestServer();
    await using _socket = await openRealtime(server, "a", { sub: "42" });
    const { text } = await scrape(server.origin);
    const { success, output } = await runTool(
      "promtool",
      ["check", "metrics"],
      text,
    );
    assertEquals([success, output], [true, ""]);
  },
});
