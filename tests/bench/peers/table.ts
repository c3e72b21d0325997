import { byMetric, median, ratioOf, type Row } from "./rows.ts";

const columns = [
  "",
  "median",
  "lowest to highest",
  "× bare Deno",
  "server CPU",
  "load CPU",
  "faults",
];

/** From this share of a core on, the load may have been what held things up. */
const busyLoad = 0.95;

function showNumber(value: number): string {
  return value >= 100
    ? Math.round(value).toLocaleString("en-US")
    : value.toPrecision(3);
}

function showShare(share: number | undefined): string {
  return share === undefined ? "" : `${Math.round(share * 100)} %`;
}

/** The latency's load polls, and so is always busy. */
function isLoadBusy({ work, loadCpu = 0 }: Row): boolean {
  return work !== "latency" && loadCpu >= busyLoad;
}

function toCells(row: Row, rows: readonly Row[]): string[] {
  const ratio = ratioOf(row, rows);
  const [low, high] = [Math.min(...row.values), Math.max(...row.values)];
  return [
    row.label,
    showNumber(median(row.values)),
    `${showNumber(low)} to ${showNumber(high)}`,
    ratio === undefined ? "" : ratio.toFixed(2),
    showShare(row.serverCpu),
    showShare(row.loadCpu) + (isLoadBusy(row) ? " *" : ""),
    String(row.faults),
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

/** All rows as text, a table for each metric. */
export function showRows(rows: readonly Row[]): string {
  const tables = [...byMetric(rows)].map(([title, group]) => {
    const [first] = group;
    const better = first?.metric.isLowerBetter ? "lower" : "higher";
    const lines = [columns, ...group.map((row) => toCells(row, rows))];
    return `${title} (${first?.metric.unit}, ${better} is better)\n${
      renderTable(lines)
    }`;
  });
  const note = rows.some(isLoadBusy)
    ? ["* the load was busy: the server may do more than this"]
    : [];
  return [...tables, ...note].join("\n\n");
}
