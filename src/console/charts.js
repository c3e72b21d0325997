import "./locale.js"; // before uPlot
import uPlot from "./vendor/uPlot.esm.js";
import { make, setText } from "./dom.js";
import { formatTime } from "./format.js";

const heightPx = 190;
/** Possible distances between two grid lines: whole numbers, because all charts show counts. */
const wholeSteps = Array.from(
  { length: 10 },
  (_, power) => [1, 2, 5].map((step) => step * 10 ** power),
).flat();

const dark = matchMedia("(prefers-color-scheme: dark)");

/**
 * @typedef {object} ChartOptions
 * @property {string} title
 * @property {{ label: string, color: string }[]} series Colors are names of custom properties in the style sheet.
 * @property {(value: number) => string} format
 */

/**
 * A chart over time with a legend. The legend shows the values under the pointer,
 * otherwise the newest values.
 */
export class Chart {
  element;
  /** @type {uPlot | undefined} */
  #plot;
  #box = make("div", { role: "img" });
  /** @type {HTMLElement[]} */
  #values = [];
  #time = make("span", { className: "muted" });
  #options;
  /** @type {uPlot.AlignedData} */
  #data = [[]];
  /** @type {[number, number]} */
  #range = [0, 1];

  /** @param {ChartOptions} options */
  constructor(options) {
    this.#options = options;
    const legend = options.series.map(({ label, color }) => {
      const value = make("b", {}, "–");
      this.#values.push(value);
      return make(
        "span",
        { className: "key", "data-color": color },
        make("i"),
        `${label} `,
        value,
      );
    });
    this.element = make(
      "figure",
      {},
      make(
        "figcaption",
        {},
        make("h3", {}, options.title),
        ...legend,
        this.#time,
      ),
      this.#box,
    );
    // The colors on a canvas don't follow the style sheet by themselves.
    dark.addEventListener("change", () => this.#draw());
    new ResizeObserver(() => this.#fit()).observe(this.#box);
  }

  /**
   * Replaces the data.
   *
   * @param {[number[], ...number[][]]} data Seconds since 1970, then a list of values for each series.
   * @param {[number, number]} range The first and the last second of the axis.
   */
  setData(data, range) {
    this.#range = range;
    this.#data = data;
    if (this.#plot) this.#plot.setData(data);
    else this.#draw();
    this.#read();
  }

  #draw() {
    const width = this.#box.clientWidth;
    if (width === 0) return; // the chart is hidden
    this.#plot?.destroy();
    const color = (/** @type {string} */ name) => this.#colorOf(name);
    const axis = {
      stroke: color("--muted"),
      font: "11px system-ui, sans-serif",
      grid: { stroke: color("--line"), width: 1 },
      ticks: { show: false },
    };
    this.#plot = new uPlot(
      {
        width,
        height: heightPx,
        legend: { show: false },
        cursor: { y: false, points: { size: 6 } },
        padding: [8, 28, 0, 0],
        scales: {
          x: { range: () => this.#range },
          y: { range: (_, _min, max) => [0, Math.max(1, max * 1.1)] },
        },
        axes: [
          {
            ...axis,
            space: 70,
            size: 26,
            values: (_, times) =>
              times.map((time) => formatTime(time * 1_000).slice(0, 8)),
          },
          {
            ...axis,
            size: 56,
            incrs: wholeSteps,
            values: (_, values) =>
              values.map((value) => this.#options.format(value)),
          },
        ],
        series: [
          {},
          ...this.#options.series.map((series) => ({
            stroke: color(series.color),
            width: 1.5,
            points: { show: false },
          })),
        ],
        hooks: { setCursor: [() => this.#read()] },
      },
      this.#data,
      this.#box,
    );
  }

  #fit() {
    const width = this.#box.clientWidth;
    if (width === 0) return;
    if (this.#plot) this.#plot.setSize({ width, height: heightPx });
    else this.#draw();
  }

  /** Shows the values under the pointer, or the newest. */
  #read() {
    const [times, ...lists] = this.#data;
    const pointed = this.#plot?.cursor.idx;
    const index = pointed ?? times.length - 1;
    const words = this.#options.series.map(({ label }, number) => {
      const value = lists[number]?.[index];
      const text = typeof value === "number"
        ? this.#options.format(value)
        : "–";
      const shown = this.#values[number];
      if (shown) setText(shown, text);
      return `${label} ${text}`;
    });
    const time = typeof pointed === "number" ? times[pointed] : undefined;
    setText(this.#time, time === undefined ? "" : formatTime(time * 1_000));
    this.#box.ariaLabel = `${this.#options.title}: ${words.join(", ")}`;
  }

  /**
   * Resolves a custom property to a color for the canvas.
   *
   * @param {string} name
   */
  #colorOf(name) {
    const probe = make("i");
    probe.style.color = `var(${name})`;
    this.element.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  }
}
