import { byMetric, median, ratioOf, type Row } from "./rows.ts";

const columns = [
  "",
  "median",
  "lowest to highest",
  "× bare Deno",
  "server CPU",
  "load CPU",
  "faults",
  "",
];

/** The share of a core from which a process counts as busy. */
const busy = 0.9;

/** The share from which the load may have been the bottleneck. */
const busyLoad = 0.95;

/** Works that keep a server fully busy; all others wait or poll by design. */
const saturating = /^(?:echo|handshake|fanout|tasks|publish)/;

function showNumber(value: number): string {
  return value >= 100
    ? Math.round(value).toLocaleString("en-US")
    : value.toPrecision(3);
}

function showShare(share: number | undefined): string {
  return share === undefined ? "" : `${Math.round(share * 100)} %`;
}

/** Returns a mark for rows with numbers that may be too low. */
function markOf({ work, serverCpu = 0, loadCpu = 0 }: Row): string {
  if (!saturating.test(work)) return "";
  if (loadCpu >= busyLoad) return "*";
  return serverCpu < busy ? "†" : "";
}

const notes = {
  "*": "the load was busy: the server may do more than this",
  "†": "neither was busy: other processes took their cores, or they waited",
};

function toCells(row: Row, rows: readonly Row[]): string[] {
  const ratio = ratioOf(row, rows);
  const [low, high] = [Math.min(...row.values), Math.max(...row.values)];
  return [
    row.label,
    showNumber(median(row.values)),
    `${showNumber(low)} to ${showNumber(high)}`,
    ratio === undefined ? "" : ratio.toFixed(2),
    showShare(row.serverCpu),
    showShare(row.loadCpu),
    String(row.faults),
    markOf(row),
  ];
}

function renderTable(lines: readonly (readonly string[])[]): string {
  const widths = columns.map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0))
  );
  return lines.map((line) =>
    line.map((cell, column) =>
      column === 0
        ? cell.padEnd(widths[column] ?? 0)
        : cell.padStart(widths[column] ?? 0)
    ).join("  ").trimEnd()
  ).join("\n");
}

/** Returns all rows as text, with a table per metric. */
export function showRows(rows: readonly Row[]): string {
  const tables = [...byMetric(rows)].map(([title, group]) => {
    const [first] = group;
    const better = first?.metric.isLowerBetter ? "lower" : "higher";
    const lines = [columns, ...group.map((row) => toCells(row, rows))];
    return `${title} (${first?.metric.unit}, ${better} is better)\n${
      renderTable(lines)
    }`;
  });
  const marked = Object.entries(notes)
    .filter(([mark]) => rows.some((row) => markOf(row) === mark))
    .map(([mark, note]) => `${mark} ${note}`);
  return [...tables, marked.join("\n")].join("\n\n");
}
