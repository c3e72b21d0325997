import { barChart } from "../support/plot.ts";
import { baseline, peers } from "./catalog.ts";
import { byMetric, ratioOf, type Row } from "./rows.ts";

const height = 440;
const width = 1_200;

/** The end of the axis: a server far ahead would flatten all other bars. */
const maxRatio = 4;

/** The metrics in the plot, with shorter names. */
const categories: Readonly<Record<string, string>> = {
  "echo, 64 sockets": "echo\n64 sockets",
  "echo, 500 sockets": "echo\n500 sockets",
  "handshakes, guest": "handshakes\nguest",
  "handshakes, one token": "handshakes\none token",
  "handshakes, new tokens": "handshakes\nnew tokens",
  "publishes, 64 publishers": "publishes\n64 publishers",
  "fan-out, 1 task to 1,000": "fan-out\n1 task to 1,000",
  "10,000 tasks, 1 watcher each": "10,000 tasks\n1 watcher each",
  "latency, ½ of bare Deno's limit, p99":
    "latency, p99\nat ½ of bare Deno's limit",
  "latency, ½ of its own limit, p99": "latency, p99\nat ½ of its own limit",
  "CPU a returning watcher": "CPU a\nreturning watcher",
  "memory a socket": "memory\na socket",
  "start, source": "start\nfrom source",
  "start, binary": "start\nbinary",
};

function drawRatios(title: string, groups: Map<string, Row[]>): string {
  const rows = [...groups.values()].flat();
  const drawn = peers.filter(({ name }) =>
    name !== baseline && rows.some(({ peer }) => peer === name)
  );
  const isCut = rows.some((row) => (ratioOf(row, rows) ?? 0) > maxRatio);
  return barChart({
    title,
    unit: "× bare Deno",
    width,
    height,
    ...(isCut ? { max: maxRatio } : {}),
    categories: [...groups.keys()].map((title) => categories[title] ?? title),
    reference: { name: "bare Deno", value: 1 },
    series: drawn.map(({ name, label }) => ({
      name: label,
      values: [...groups.values()].map((group) => {
        const row = group.find(({ peer }) => peer === name);
        return row && ratioOf(row, rows) || null;
      }),
    })),
  });
}

/**
 * Draws the ratios to bare Deno as SVG: metrics where higher is better above,
 * lower is better below.
 */
export function drawRows(rows: readonly Row[]): string {
  const drawn = rows.filter(({ metric }) => metric.title in categories);
  const rates = drawn.filter(({ metric }) => !metric.isLowerBetter);
  const costs = drawn.filter(({ metric }) => metric.isLowerBetter);
  const charts = [
    { title: "Rates, compared with bare Deno: higher is better", rows: rates },
    { title: "Costs, compared with bare Deno: lower is better", rows: costs },
  ].filter(({ rows }) => rows.length > 0)
    .map(({ title, rows }) => drawRatios(title, byMetric(rows)));
  const placed = charts.map((chart, index) =>
    chart.replace("<svg", `<svg y="${index * height}"`)
  );
  const size = [width, height * charts.length];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${size[0]}" height="${
    size[1]
  }" viewBox="0 0 ${size.join(" ")}">\n${placed.join("\n")}\n</svg>\n`;
}
