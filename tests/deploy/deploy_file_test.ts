import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  type DeployFileName,
  deployFiles,
  readDeployFile,
} from "../../src/deploy/deploy_file.ts";
import { settings } from "../../src/settings.ts";
import { lacksTool, runTool } from "../support/external_tool.ts";
import { scrape } from "../support/scrape.ts";
import { startTestServer } from "../support/server.ts";
import { makeTempDir } from "../support/temp_dir.ts";

const texts = Object.fromEntries(
  await Promise.all(
    (Object.keys(deployFiles) as DeployFileName[]).map(async (name) =>
      [name, await readDeployFile(name)] as const
    ),
  ),
) as Record<DeployFileName, string>;

interface Panel {
  readonly type: string;
  readonly title: string;
  readonly gridPos: Record<"x" | "y" | "w" | "h", number>;
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly { readonly expr: string }[];
}

const { panels, templating }: {
  panels: readonly Panel[];
  templating: { list: readonly { name: string; type: string }[] };
} = JSON.parse(texts.grafana);
const expressions = panels.flatMap(({ targets = [] }) =>
  targets.map(({ expr }) => expr)
);

Deno.test("readDeployFile() names only metrics that a server shows", async () => {
  await using server = await startTestServer();
  const { types, samples } = await scrape(server.origin);
  const shown = new Set([
    "up", // Prometheus' own
    ...types.keys(),
    ...[...samples.keys()].map((sample) => sample.replace(/\{.*/, "")),
  ]);
  const used = `${texts.alerts}${expressions}`
    .matchAll(/\b(?:(?:taskwire|process)_[a-z_]+|up(?=\{))/g);
  const names = [...new Set([...used].map(([name]) => name))];
  assert(names.length > 15);
  assertEquals(names.filter((name) => !shown.has(name)), []);
  // and shows all that there is, but for what is made of it
  const families = [...types.keys()].filter((name) =>
    !names.some((used) => used.startsWith(name))
  );
  assertEquals(families, []);
});

Deno.test("readDeployFile() names only settings that there are", () => {
  const known = Object.values(settings).map(({ variable }) => variable);
  const named = Object.values(texts).join("\n").matchAll(/TASKWIRE_[A-Z_]+/g);
  assertEquals([...named].filter(([name]) => !known.includes(name)), []);
});

Deno.test("readDeployFile() has a dashboard on a chosen data source, its panels side by side", () => {
  const variables = templating.list.map(({ name, type }) => [name, type]);
  assertEquals(variables[0], ["datasource", "datasource"]);
  const taken = new Set<string>();
  for (const { type, title, datasource, gridPos, targets } of panels) {
    const { x, y, w, h } = gridPos;
    assert(x + w <= 24, title);
    for (let column = x; column < x + w; column += 1) {
      for (let line = y; line < y + h; line += 1) {
        assert(!taken.has(`${column} ${line}`), `${title} lies on another`);
        taken.add(`${column} ${line}`);
      }
    }
    if (type === "row") continue;
    assertEquals(datasource?.uid, "${datasource}", title);
    assert(targets && targets.length > 0, title);
  }
});

Deno.test({
  name:
    "readDeployFile() has rules and a dashboard whose expressions promtool reads",
  ignore: await lacksTool("promtool"),
  async fn() {
    await using folder = await makeTempDir();
    const alerts = await folder.write("alerts.yaml", texts.alerts);
    const rules = expressions.map((expr, index) => ({
      record: `panel:${index}`,
      expr: expr.replaceAll("$__rate_interval", "5m"),
    }));
    const groups = [{ name: "dashboard", rules }];
    const dashboard = await folder.write(
      "dashboard.yaml", // JSON is YAML
      JSON.stringify({ groups }),
    );
    const { success, output } = await runTool(
      "promtool",
      ["check", "rules", alerts, dashboard],
    );
    assert(success, output);
    assertMatch(output, /SUCCESS: 10 rules found/);
    assertMatch(output, new RegExp(`SUCCESS: ${rules.length} rules found`));
  },
});

Deno.test({
  name: "readDeployFile() has alerts that fire when they should",
  ignore: await lacksTool("promtool"),
  async fn() {
    await using folder = await makeTempDir();
    await folder.write("alerts.yaml", texts.alerts);
    const labels = 'job="taskwire", instance="a"';
    const fires = (alertname: string, severity: string) => ({
      eval_time: "30m",
      alertname,
      exp_alerts: [{
        exp_labels: { job: "taskwire", instance: "a", severity },
      }],
    });
    const test = {
      interval: "1m",
      input_series: [
        { series: `up{${labels}}`, values: "0x30" },
        {
          series: `taskwire_store_errors_total{operation="publish", ${labels}}`,
          values: "0+1x30",
        },
        { series: `taskwire_sockets{${labels}}`, values: "81x30" },
        { series: `taskwire_max_sockets{${labels}}`, values: "100x30" },
        // no bound: nothing is near it
        { series: `process_resident_memory_bytes{${labels}}`, values: "9x30" },
        { series: `taskwire_max_memory_bytes{${labels}}`, values: "0x30" },
        {
          series: `taskwire_tokens_total{result="token_malformed", ${labels}}`,
          values: "0+120x30",
        },
        {
          series: `taskwire_tokens_total{result="authenticated", ${labels}}`,
          values: "0+60x30",
        },
      ],
      alert_rule_test: [
        fires("TaskwireDown", "critical"),
        fires("TaskwireStoreErrors", "critical"),
        fires("TaskwireSocketsNearLimit", "warning"),
        fires("TaskwireTokensRejected", "warning"),
        {
          eval_time: "30m",
          alertname: "TaskwireMemoryNearBound",
          exp_alerts: [],
        },
      ],
    };
    // An alert's texts are compared too, where they are there.
    const bare = texts.alerts.replace(
      /^ {8}annotations:\n(?: {10}.*\n)+/gm,
      "",
    );
    await folder.write("alerts.yaml", bare);
    const file = await folder.write(
      "test.yaml",
      JSON.stringify({ rule_files: ["alerts.yaml"], tests: [test] }),
    );
    const { success, output } = await runTool("promtool", [
      "test",
      "rules",
      file,
    ]);
    assert(success, output);
  },
});

Deno.test({
  name:
    "readDeployFile() has a unit that systemd-analyze finds nothing wrong with",
  ignore: await lacksTool("systemd-analyze"),
  async fn() {
    await using folder = await makeTempDir();
    const unit = await folder.write(
      "taskwire.service",
      // It must be there to be run.
      texts.systemd.replaceAll("/usr/local/bin/taskwire", Deno.execPath()),
    );
    assertEquals(
      await runTool("systemd-analyze", ["verify", "--man=no", unit]),
      { success: true, output: "" },
    );
  },
});

Deno.test("readDeployFile() has a unit that gives a stop its time, and V8 its memory", () => {
  const unit = new Map(
    [...texts.systemd.matchAll(/^(\w+)=(.*)$/gm)]
      .map(([, key = "", value = ""]) => [key, value]),
  );
  const stopSeconds = Number(unit.get("TimeoutStopSec"));
  assert(stopSeconds > Number(settings.drainTimeoutSeconds.fallback));
  const descriptors = Number(unit.get("LimitNOFILE"));
  assert(descriptors > Number(settings.maxConnections.fallback));
  assertEquals(unit.get("MemoryDenyWriteExecute"), "no");
  assertEquals(unit.get("RestartForceExitStatus"), "75");
});

Deno.test("readDeployFile() has a Dockerfile that runs as nobody special, with what it needs", () => {
  const steps = texts.dockerfile.replace(/^#.*\n/gm, "")
    .replace(/\\\n\s*/g, "").split("\n").filter(Boolean);
  const kinds = steps.map((step) => step.split(" ")[0]);
  assertEquals(kinds, [
    "FROM",
    "RUN",
    "COPY",
    "USER",
    "WORKDIR",
    "VOLUME",
    "ENV",
    "EXPOSE",
    "HEALTHCHECK",
    "ENTRYPOINT",
    "CMD",
  ]);
  assertMatch(steps.join("\n"), /^USER (?!0)\d+:\d+$/m);
  const commands = steps.filter((step) => /^(?:HEALTH|ENTRY|CMD)/.test(step))
    .map((step) => JSON.parse(step.replace(/^[^[]*/, "")));
  assertEquals(commands, [
    ["taskwire", "check", "--ready", "0"],
    ["taskwire"],
    ["serve"],
  ]);
});
