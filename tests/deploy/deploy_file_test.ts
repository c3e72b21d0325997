import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  type DeployFileName,
  deployFiles,
  readDeployFile,
} from "../../src/deploy/deploy_file.ts";
import { noOtherNodes } from "../../src/cluster/other_nodes.ts";
import { allSettings, settings } from "../../src/config/settings.ts";
import { runTool } from "../support/external_tool.ts";
import { needs } from "../support/needs.ts";
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
  // With workers, to include the number of workers in the metrics.
  await using server = await startTestServer({
    services: () => ({ otherWorkers: noOtherNodes }),
  });
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
  // and the files use all metrics
  const families = [...types.keys()].filter((name) =>
    !names.some((used) => used.startsWith(name))
  );
  assertEquals(families, []);
});

Deno.test("readDeployFile() names only settings that there are", () => {
  const known = Object.values(allSettings).map(({ variable }) => variable);
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

needs("promtool")(
  "readDeployFile() has rules and a dashboard whose expressions promtool reads",
  async () => {
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
    assertMatch(output, /SUCCESS: 13 rules found/);
    assertMatch(output, new RegExp(`SUCCESS: ${rules.length} rules found`));
  },
);

const job = 'job="taskwire", instance="a"';

/** The values of a series, minute by minute. */
type Series = readonly [series: string, values: string];

/** The expected alert of a server, without further alerts of the same name. */
function fires(alertname: string, severity: string) {
  const exp_labels = { job: "taskwire", instance: "a", severity };
  return { eval_time: "30m", alertname, exp_alerts: [{ exp_labels }] };
}

function staysSilent(alertname: string) {
  return { eval_time: "30m", alertname, exp_alerts: [] };
}

/** Evaluates half an hour in Prometheus, and asserts the alerts. */
async function assertAlerts(
  series: readonly Series[],
  alerts: readonly unknown[],
): Promise<void> {
  await using folder = await makeTempDir();
  // The texts of an alert are compared as well, if given.
  await folder.write(
    "alerts.yaml",
    texts.alerts.replace(/^ {8}annotations:\n(?: {10}.*\n)+/gm, ""),
  );
  const test = {
    interval: "1m",
    input_series: series.map(([series, values]) => ({ series, values })),
    alert_rule_test: alerts,
  };
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
}

needs("promtool")(
  "readDeployFile() has alerts that fire when they should",
  async () => {
    await assertAlerts([
      [`up{${job}}`, "0x30"],
      [`process_start_time_seconds{${job}}`, "0x18 1x2 2x2 3x6"],
      [`taskwire_store_errors_total{operation="publish", ${job}}`, "0+1x30"],
      [`taskwire_accept_failures_total{${job}}`, "0x28 1x2"],
      [`taskwire_sockets{${job}}`, "81x30"],
      [`taskwire_max_sockets{${job}}`, "100x30"],
      // no bound: no value is near
      [`process_resident_memory_bytes{${job}}`, "9x30"],
      [`taskwire_max_memory_bytes{${job}}`, "0x30"],
      [`taskwire_tokens_total{result="token_malformed", ${job}}`, "0+120x30"],
      [`taskwire_tokens_total{result="authenticated", ${job}}`, "0+60x30"],
      [`taskwire_key_set_failures_total{${job}}`, "0+1x30"],
      [`taskwire_credentials_total{result="wrong", ${job}}`, "0+20x30"],
    ], [
      fires("TaskwireDown", "critical"),
      fires("TaskwireRestarting", "warning"),
      fires("TaskwireCannotAccept", "critical"),
      fires("TaskwireStoreErrors", "critical"),
      fires("TaskwireSocketsNearLimit", "warning"),
      fires("TaskwireTokensRejected", "warning"),
      fires("TaskwireKeySetUnreadable", "warning"),
      fires("TaskwireWrongCredentials", "warning"),
      staysSilent("TaskwireMemoryNearBound"),
      staysSilent("TaskwireWorkerSilent"),
    ]);
  },
);

needs("promtool")(
  "readDeployFile() has alerts that fire once for a server with workers",
  async () => {
    const loop = "taskwire_event_loop_delay_seconds_bucket";
    const one = `worker="1", ${job}`;
    const two = `worker="2", ${job}`;
    await assertAlerts([
      [`up{${job}}`, "1x30"],
      // the third is silent since a while
      [`taskwire_workers{${job}}`, "3x15 2x15"],
      // both were replaced twice: neither too often
      [`process_start_time_seconds{${one}}`, "0x18 1x2 2x10"],
      [`process_start_time_seconds{${two}}`, "0x18 1x2 2x10"],
      // one of two is full, but not their sum
      [`taskwire_sockets{${one}}`, "90x30"],
      [`taskwire_sockets{${two}}`, "10x30"],
      [`taskwire_max_sockets{${one}}`, "100x30"],
      [`taskwire_max_sockets{${two}}`, "100x30"],
      [`process_resident_memory_bytes{${one}}`, "9x30"],
      [`process_resident_memory_bytes{${two}}`, "9x30"],
      [`taskwire_max_memory_bytes{${one}}`, "10x30"],
      [`taskwire_max_memory_bytes{${two}}`, "10x30"],
      // on one server over a hundredth of the measurements are late, but over
      // all servers less
      [`${loop}{le="0.25", ${one}}`, "0+98x30"],
      [`${loop}{le="0.5", ${one}}`, "0+100x30"],
      [`${loop}{le="+Inf", ${one}}`, "0+100x30"],
      [`${loop}{le="0.25", ${two}}`, "0+10000x30"],
      [`${loop}{le="0.5", ${two}}`, "0+10000x30"],
      [`${loop}{le="+Inf", ${two}}`, "0+10000x30"],
      // the rate of a single server stays below the bound
      [`taskwire_evicted_connections_total{${one}}`, "0+4x30"],
      [`taskwire_evicted_connections_total{${two}}`, "0+4x30"],
      [`taskwire_key_set_failures_total{${one}}`, "0+1x30"],
      [`taskwire_key_set_failures_total{${two}}`, "0+1x30"],
    ], [
      staysSilent("TaskwireDown"),
      staysSilent("TaskwireRestarting"),
      fires("TaskwireWorkerSilent", "warning"),
      fires("TaskwireSocketsNearLimit", "warning"),
      fires("TaskwireMemoryNearBound", "warning"),
      fires("TaskwireEventLoopLate", "warning"),
      fires("TaskwireEvictions", "warning"),
      fires("TaskwireKeySetUnreadable", "warning"),
    ]);
  },
);

needs("systemd-analyze")(
  "readDeployFile() has a unit that systemd-analyze finds nothing wrong with",
  async () => {
    await using folder = await makeTempDir();
    const unit = await folder.write(
      "taskwire.service",
      // The program must exist to be run.
      texts.systemd.replaceAll("/usr/local/bin/taskwire", Deno.execPath()),
    );
    assertEquals(
      await runTool("systemd-analyze", ["verify", "--man=no", unit]),
      { success: true, output: "" },
    );
  },
);

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
  assertEquals(unit.get("StartLimitIntervalSec"), "0");
  assertEquals(unit.get("LimitCORE"), "0");
  assertMatch(
    texts.systemd,
    /^Environment=TASKWIRE_MAX_MEMORY_BYTES=2147483648$/m,
  );
  assertEquals(unit.get("MemoryMax"), "3G");
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
    ["env", "-u", "TASKWIRE_URL", "taskwire", "check", "--ready", "0"],
    ["taskwire"],
    ["serve"],
  ]);
});
