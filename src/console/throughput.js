import { call } from "./api.js";
import { Chart } from "./charts.js";
import { $, make, showFacts } from "./dom.js";
import {
  formatDuration,
  formatNumber,
  formatShort,
  serverNow,
  setServerTime,
} from "./format.js";

/** Selectable spans of time, in minutes. */
const spans = [2, 5, 10];

/** How many seconds are kept. */
const keptSeconds = 600;

const names = /** @type {const} */ ([
  "published",
  "delivered",
  "connections",
  "p50_ms",
  "p99_ms",
]);

/** @typedef {typeof names[number]} Name A list of the API's answer. */

/**
 * The answer of the API without the lists.
 *
 * @typedef {object} Facts
 * @property {string} now
 * @property {string} started_at
 * @property {{ published: number, delivered: number }} totals
 * @property {number} connections
 * @property {number} [nodes]
 * @property {number} [silent_nodes]
 */

/**
 * @typedef {{ names: Name[], options: import("./charts.js").ChartOptions }} ChartPlan
 */

/** The view of the server's throughput per second. */
export class ThroughputView {
  /** @type {number[]} */
  #times = [];
  #lists = emptyLists();
  /** @type {Facts | undefined} */
  #facts;
  #minutes = 5;
  #charts;

  constructor() {
    const milliseconds = (/** @type {number} */ value) =>
      `${formatNumber(value)} ms`;
    /** @type {ChartPlan[]} */
    const plans = [
      {
        names: ["published"],
        options: {
          title: "Events published a second",
          series: [{ label: "published", color: "--blue" }],
          format: formatShort,
        },
      },
      {
        names: ["delivered"],
        options: {
          title: "Deliveries to watchers a second",
          series: [{ label: "delivered", color: "--green" }],
          format: formatShort,
        },
      },
      {
        names: ["p50_ms", "p99_ms"],
        options: {
          title: "Time from event to sockets",
          series: [
            { label: "half within", color: "--violet" },
            { label: "99 % within", color: "--amber" },
          ],
          format: milliseconds,
        },
      },
      {
        names: ["connections"],
        options: {
          title: "Connections",
          series: [{ label: "open", color: "--blue" }],
          format: formatShort,
        },
      },
    ];
    this.#charts = plans.map(({ names, options }) => ({
      names,
      chart: new Chart(options),
    }));
    $("charts").append(...this.#charts.map(({ chart }) => chart.element));
    $("spans").append(...spans.map((minutes) => this.#makeSpan(minutes)));
  }

  /** Reads the seconds since the last call. */
  async poll() {
    const last = this.#times.at(-1);
    const query = last === undefined ? "" : `?since=${last + 1}`;
    const { seconds, ...facts } = await call("GET", `stats${query}`);
    setServerTime(facts.now);
    this.#facts = facts;
    // A gap follows a long pause or a restart of all nodes.
    if (last === undefined || seconds.from !== last + 1) this.#forget();
    this.#times.push(
      ...seconds.published.map((
        /** @type {number} */ _,
        /** @type {number} */ index,
      ) => seconds.from + index),
    );
    for (const name of names) this.#lists[name].push(...seconds[name]);
    const excess = this.#times.length - keptSeconds;
    if (excess > 0) {
      for (const list of [this.#times, ...Object.values(this.#lists)]) {
        list.splice(0, excess);
      }
    }
  }

  /** Draws the charts. */
  show() {
    if (this.#facts === undefined) return;
    const {
      totals,
      connections,
      nodes,
      silent_nodes: silent = 0,
      started_at: startedAt,
    } = this.#facts;
    showFacts($("totals"), [
      ["Published since start", formatNumber(totals.published)],
      ["Delivered since start", formatNumber(totals.delivered)],
      ["Connections", formatNumber(connections)],
      ["Up for", formatDuration(serverNow() - Date.parse(startedAt))],
      ...nodesFact(nodes, silent),
    ]);
    const seconds = this.#minutes * 60;
    const times = this.#times.slice(-seconds);
    const last = times.at(-1) ?? Math.floor(serverNow() / 1_000);
    for (const { names, chart } of this.#charts) {
      chart.setData(
        [times, ...names.map((name) => this.#lists[name].slice(-seconds))],
        [last - seconds, last],
      );
    }
  }

  #forget() {
    this.#times = [];
    this.#lists = emptyLists();
  }

  /** @param {number} minutes */
  #makeSpan(minutes) {
    const button = make("button", {
      type: "button",
      className: "chip",
      ariaPressed: String(minutes === this.#minutes),
    }, `${minutes} min`);
    button.addEventListener("click", () => {
      this.#minutes = minutes;
      for (const other of $("spans").children) {
        other.ariaPressed = String(other === button);
      }
      this.show();
    });
    return button;
  }
}

/** @returns {Record<Name, number[]>} */
function emptyLists() {
  return {
    published: [],
    delivered: [],
    connections: [],
    p50_ms: [],
    p99_ms: [],
  };
}

/**
 * @param {number | undefined} nodes
 * @param {number} silent
 * @returns {[string, string][]}
 */
function nodesFact(nodes, silent) {
  if (!nodes && !silent) return [];
  return [["Nodes", silent ? `${nodes ?? 1}, ${silent} silent` : `${nodes}`]];
}
