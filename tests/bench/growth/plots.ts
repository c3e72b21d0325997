import { lineChart } from "../support/plot.ts";
import type { Dimension } from "./dimension.ts";
import { measures, median, ratioToFirst } from "./report.ts";
import type { Growth } from "./rounds.ts";

/** A drawing and its file name. */
export interface Plot {
  readonly file: string;
  readonly svg: string;
}

/** The position of size 0, which a logarithmic axis does not have. */
const placeOfNone = 10;

/** Draws two plots per dimension: the cost of a publish, and its growth. */
export function drawGrowths(growths: readonly Growth[]): Plot[] {
  const byDimension = Map.groupBy(growths, ({ dimension }) => dimension);
  return [...byDimension].flatMap(([dimension, all]) => [
    drawCosts(dimension, all),
    drawRatios(dimension, all),
  ]);
}

function drawCosts(dimension: Dimension, growths: readonly Growth[]): Plot {
  const [cpu] = measures;
  const svg = lineChart({
    title: `${dimension.title}: the cost of a publish`,
    subtitle: subtitleOf(dimension, growths),
    xLabel: dimension.unit,
    yLabel: "µs on the server's core",
    xLog: true,
    yLog: true,
    series: growths.map((growth) => ({
      name: seriesName(growth),
      points: growth.points.map(({ size, costs }) =>
        [place(size), median(costs.map(cpu.of))] as const
      ),
    })),
  });
  return { file: `growth-${dimension.key}-cost.svg`, svg };
}

function drawRatios(dimension: Dimension, growths: readonly Growth[]): Plot {
  const [cpu] = measures;
  const { isDelivered = false } = dimension;
  const what = isDelivered ? "a delivery" : "a publish";
  const svg = lineChart({
    title: `${dimension.title}: ${what}, × the smallest size`,
    subtitle: subtitleOf(dimension, growths),
    xLabel: dimension.unit,
    yLabel: "× time on the server's core",
    xLog: true,
    yLog: isDelivered,
    series: growths.map((growth) => ({
      name: seriesName(growth),
      points: growth.points.map((point) => {
        const ratio = ratioToFirst(growth, point, cpu.of);
        const each = isDelivered ? point.size : 1;
        return [place(point.size), ratio / each] as const;
      }),
    })),
  });
  return { file: `growth-${dimension.key}-ratio.svg`, svg };
}

function seriesName({ kind, mode }: Growth): string {
  return `${kind}, ${mode}`;
}

function subtitleOf(
  { sizes }: Dimension,
  growths: readonly Growth[],
): string {
  const rounds = growths[0]?.points[0]?.costs.length ?? 0;
  const none = sizes.includes(0) ? `; none is drawn at ${placeOfNone}` : "";
  return `Median of ${rounds} rounds; one publisher, which waits for each answer${none}`;
}

function place(size: number): number {
  return size === 0 ? placeOfNone : size;
}
