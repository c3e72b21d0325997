/**
 * Draws plots as SVG text, for the guide and for benchmarks.
 *
 * Plots have no background, and colors of medium lightness, to be readable on
 * white and dark pages.
 *
 * @module
 */

import * as echarts from "echarts";

const ink = "#7a828c";
const faintInk = "#7a828c55";
const font = "sans-serif";
const colors = [
  "#2f81f7",
  "#1a9ba1",
  "#d29922",
  "#3fa34d",
  "#e0605e",
  "#a371f7",
  "#8a8f98",
  "#d1679f",
];

/** The options common to all plots. */
interface PlotOptions {
  readonly title: string;
  /** A sentence under the title: the measurement and the machine. */
  readonly subtitle?: string;
  /** In pixels. @default {900} */
  readonly width?: number;
  /** In pixels. @default {420} */
  readonly height?: number;
}

/** The options of {@linkcode barChart}. */
export interface BarChartOptions extends PlotOptions {
  /** The name of the vertical axis. */
  readonly unit: string;
  /**
   * The groups along the horizontal axis; `
   * ` breaks a name.
   */
  readonly categories: readonly string[];
  /** One bar per group; `null` leaves a gap. */
  readonly series: readonly {
    readonly name: string;
    readonly values: readonly (number | null)[];
  }[];
  /** The position of a dashed line: the reference of the bars. */
  readonly reference?: { readonly name: string; readonly value: number };
  /** The end of the axis; longer bars are cut, with the value as text. */
  readonly max?: number;
}

/** The options of {@linkcode lineChart}. */
export interface LineChartOptions extends PlotOptions {
  readonly xLabel: string;
  readonly yLabel: string;
  readonly xLog?: boolean;
  readonly yLog?: boolean;
  readonly series: readonly {
    readonly name: string;
    readonly points: readonly (readonly [x: number, y: number])[];
  }[];
}

/** Draws groups of bars. */
export function barChart(options: BarChartOptions): string {
  const { categories, reference, max } = options;
  const series: echarts.BarSeriesOption[] = options.series.map(
    ({ name, values }) => ({
      name,
      type: "bar",
      barGap: "12%",
      barCategoryGap: "22%",
      data: values.map((value) =>
        value === null ? "-" : {
          value: max === undefined ? value : Math.min(value, max),
          label: {
            show: true,
            position: "top",
            rotate: 90,
            align: "left",
            verticalAlign: "middle",
            fontSize: 10,
            fontFamily: font,
            color: ink,
            formatter: value.toPrecision(2),
          },
        }
      ),
    }),
  );
  const [first] = series;
  if (first && reference) {
    first.markLine = {
      silent: true,
      symbol: "none",
      lineStyle: { color: ink, type: "dashed", width: 1.5 },
      label: { color: ink, fontFamily: font, formatter: reference.name },
      data: [{ yAxis: reference.value }],
    };
  }
  return render(options, {
    xAxis: {
      ...axis(),
      type: "category",
      data: [...categories],
      axisLabel: { color: ink, fontFamily: font, interval: 0 },
    },
    yAxis: {
      ...axis(options.unit, 40),
      type: "value",
      ...(max === undefined ? {} : { max }),
    },
    series,
  });
}

/** Draws a line per series, with a mark at each point. */
export function lineChart(options: LineChartOptions): string {
  return render(options, {
    xAxis: {
      ...axis(options.xLabel, 28),
      type: options.xLog ? "log" : "value",
    },
    yAxis: {
      ...axis(options.yLabel, 52),
      type: options.yLog ? "log" : "value",
    },
    series: options.series.map(({ name, points }) => ({
      name,
      type: "line",
      symbol: "circle",
      symbolSize: 5,
      data: points.map(([x, y]) => [x, y]),
    })),
  });
}

function axis(name = "", nameGap = 30) {
  return {
    name,
    nameGap,
    nameLocation: "middle" as const,
    nameTextStyle: { color: ink, fontFamily: font },
    axisLine: { lineStyle: { color: ink } },
    axisLabel: { color: ink, fontFamily: font },
    splitLine: { lineStyle: { color: faintInk } },
    minorSplitLine: { show: false },
  };
}

function render(
  { title, subtitle = "", width = 900, height = 420 }: PlotOptions,
  content: echarts.EChartsCoreOption,
): string {
  const chart = echarts.init(null, null, {
    renderer: "svg",
    ssr: true,
    width,
    height,
  });
  chart.setOption({
    animation: false,
    color: colors,
    backgroundColor: "transparent",
    textStyle: { fontFamily: font, color: ink },
    title: {
      text: title,
      subtext: subtitle,
      left: 12,
      top: 8,
      textStyle: { color: ink, fontFamily: font, fontSize: 16 },
      subtextStyle: { color: ink, fontFamily: font, fontSize: 12 },
    },
    legend: {
      top: 58,
      itemGap: 18,
      textStyle: { color: ink, fontFamily: font },
    },
    grid: { left: 75, right: 70, top: 110, bottom: 60 },
    ...content,
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
