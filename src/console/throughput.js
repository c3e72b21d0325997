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

/** What can be shown, in minutes. */
const spans = [2, 5, 10];

/** How many seconds are kept. */
const keptSeconds = 600;

const names = ["published", "delivered", "connections", "p50_ms", "p99_ms"];

/** The view of what the server does, second by second. */
export class ThroughputView {
  #times = [];
  #lists = Object.fromEntries(names.map((name) => [name, []]));
  #facts = {};
  #minutes = 5;
  #charts;

  constructor() {
    const milliseconds = (value) => `${formatNumber(value)} ms`;
    this.#charts = [
      [["published"], {
        title: "Events published a second",
        series: [{ label: "published", color: "--blue" }],
        format: formatShort,
      }],
      [["delivered"], {
        title: "Deliveries to watchers a second",
        series: [{ label: "delivered", color: "--green" }],
        format: formatShort,
      }],
      [["p50_ms", "p99_ms"], {
        title: "Time from event to sockets",
        series: [
          { label: "half within", color: "--violet" },
          { label: "99 % within", color: "--amber" },
        ],
        format: milliseconds,
      }],
      [["connections"], {
        title: "Connections",
        series: [{ label: "open", color: "--blue" }],
        format: formatShort,
      }],
    ].map(([names, options]) => ({ names, chart: new Chart(options) }));
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
    // There is a gap after a long pause, and where all nodes began anew.
    if (seconds.from !== last + 1) this.#forget();
    this.#times.push(
      ...seconds.published.map((_, index) => seconds.from + index),
    );
    for (const name of names) this.#lists[name].push(...seconds[name]);
    const excess = this.#times.length - keptSeconds;
    if (excess > 0) {
      for (const list of [this.#times, ...Object.values(this.#lists)]) {
        list.splice(0, excess);
      }
    }
  }

  /** Draws them. */
  show() {
    const { totals, connections, nodes, started_at: startedAt } = this.#facts;
    if (totals === undefined) return;
    const silent = this.#facts.silent_nodes ?? 0;
    showFacts($("totals"), [
      ["Published since start", formatNumber(totals.published)],
      ["Delivered since start", formatNumber(totals.delivered)],
      ["Connections", formatNumber(connections)],
      ["Up for", formatDuration(serverNow() - Date.parse(startedAt))],
      ...nodes || silent
        ? [["Nodes", silent ? `${nodes ?? 1}, ${silent} silent` : nodes]]
        : [],
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
    for (const name of names) this.#lists[name] = [];
  }

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
