import type { Cost, Growth, Point } from "./rounds.ts";

/** The costs shown in the report. */
export interface Measure {
  readonly title: string;
  readonly of: (cost: Cost) => number;
}

/** The steadier cost first. */
export const measures: readonly [Measure, Measure] = [
  { title: "server's core", of: ({ cpuUs }) => cpuUs },
  { title: "clock", of: ({ wallUs }) => wallUs },
];

/** Returns the median; for an even count, the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1] ?? NaN;
  const high = sorted[Math.floor(middle)] ?? NaN;
  return (low + high) / 2;
}

/**
 * Returns the ratio of the cost at a point to the cost at the first point: the
 * median of the ratios of the rounds, because a disturbance affects a whole
 * round.
 */
export function ratioToFirst(
  { points }: Growth,
  point: Point,
  of: (cost: Cost) => number,
): number {
  const first = points[0]?.costs ?? [];
  return median(point.costs.map((cost, round) => {
    const base = first[round];
    return base ? of(cost) / of(base) : NaN;
  }));
}

/** Returns the lines of a report: first the growth, then all figures. */
export function reportLines(growths: readonly Growth[]): string[] {
  return [
    "At the largest size a publish (of watchers: a delivery) costs, times that at the smallest:",
    ...growths.map(summaryLine),
    "",
    "µs a publish: median of the rounds (lowest to highest), × the smallest size",
    ...growths.flatMap(tableLines),
  ];
}

function summaryLine(growth: Growth): string {
  const last = growth.points.at(-1);
  if (last === undefined) return `  ${nameOf(growth)}: no size is so small`;
  const { unit, isDelivered } = growth.dimension;
  const first = growth.points[0]?.size;
  const deliveries = isDelivered && first ? last.size / first : 1;
  const ratios = measures.map(({ title, of }) =>
    `${(ratioToFirst(growth, last, of) / deliveries).toFixed(2)} × ${title}`
  );
  return `  ${ratios.join(", ")}: ${nameOf(growth)}, ${
    inFigures(first ?? 0)
  } → ${inFigures(last.size)} ${unit}`;
}

function tableLines(growth: Growth): string[] {
  return [
    "",
    nameOf(growth),
    ...growth.points.map((point) => {
      const cells = measures.map(({ title, of }) => {
        const values = point.costs.map(of);
        const ratio = ratioToFirst(growth, point, of).toFixed(2);
        return `${title} ${spread(values)} ×${ratio}`;
      });
      const each = growth.dimension.isDelivered
        ? [
          `server's core, a delivery ${
            (median(point.costs.map(({ cpuUs }) => cpuUs)) / point.size)
              .toFixed(2)
          }`,
        ]
        : [];
      return `  ${
        inFigures(point.size).padStart(9)
      } ${growth.dimension.unit}: ${[...cells, ...each].join(" · ")}`;
    }),
  ];
}

/** Describes the measurement. */
export function nameOf({ dimension, kind, mode }: Growth): string {
  return `${dimension.title}; ${kind}, ${mode}`;
}

function spread(values: readonly number[]): string {
  const digits = median(values) < 100 ? 1 : 0;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return `${median(values).toFixed(digits)} (${low.toFixed(digits)} to ${
    high.toFixed(digits)
  })`;
}

function inFigures(value: number): string {
  return value.toLocaleString("en-US");
}
