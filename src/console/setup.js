import { call } from "./api.js";
import { $, make, makeCell, makePill, makeRow, showFacts } from "./dom.js";

/**
 * The parts of the API's answer about the configuration.
 *
 * @typedef {{ path: string, handler?: string, fault?: string }} SocketRoute
 * @typedef {{ path: string, methods: string[] }} HttpRoute
 * @typedef {{ variable: string, description: string, value?: string, fallback?: string }} Setting
 */

/** Shows the server's routes and configuration. Both stay the same until a restart. */
export async function showSetup() {
  const setup = await call("GET", "config");
  showFacts($("server-facts"), [["Version", setup.version]]);
  fill(
    "routes",
    setup.websocket_routes,
    (/** @type {SocketRoute} */ { path, handler = "–", fault }) =>
      makeRow(
        makeCell("State", makePill(fault ?? "ok")),
        makeCell("Path", make("code", {}, path)),
        makeCell("Handler", make("code", {}, handler)),
      ),
  );
  fill(
    "http-routes",
    setup.http_routes,
    (/** @type {HttpRoute} */ { path, methods }) =>
      makeRow(
        makeCell("Methods", methods.join(", ")),
        makeCell("Path", make("code", {}, path)),
      ),
  );
  fill("settings", setup.settings, (/** @type {Setting} */ setting) =>
    makeRow(
      makeCell("Variable", make("code", {}, setting.variable)),
      makeCell("Value", valueOf(setting), "value"),
      makeCell("What it does", setting.description, "muted"),
    ));
}

/**
 * @template Item
 * @param {string} table
 * @param {Item[]} items
 * @param {(item: Item) => Node} makeItemRow
 */
function fill(table, items, makeItemRow) {
  $(table).tBodies[0]?.replaceChildren(...items.map(makeItemRow));
}

/** @param {Setting} setting */
function valueOf({ value, fallback }) {
  if (value === undefined) {
    return make("span", { className: "muted" }, "not set");
  }
  const code = make("code", {}, value);
  // Operators look for the values changed from the defaults.
  if (value !== fallback) code.className = "chosen";
  return code;
}
