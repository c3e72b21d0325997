import { call } from "./api.js";
import { $, make, makeCell, makePill, makeRow, showFacts } from "./dom.js";

/** Shows the server's routes and its configuration, which don't change while it runs. */
export async function showSetup() {
  const setup = await call("GET", "config");
  showFacts($("server-facts"), [["Version", setup.version]]);
  fill(
    "routes",
    setup.websocket_routes,
    ({ path, handler = "–", fault }) =>
      makeRow(
        makeCell("State", makePill(fault ?? "ok")),
        makeCell("Path", make("code", {}, path)),
        makeCell("Handler", make("code", {}, handler)),
      ),
  );
  fill("http-routes", setup.http_routes, ({ path, methods }) =>
    makeRow(
      makeCell("Methods", methods.join(", ")),
      makeCell("Path", make("code", {}, path)),
    ));
  fill("settings", setup.settings, (setting) =>
    makeRow(
      makeCell("Variable", make("code", {}, setting.variable)),
      makeCell("Value", valueOf(setting), "value"),
      makeCell("What it does", setting.description, "muted"),
    ));
}

function fill(table, items, makeItemRow) {
  $(table).tBodies[0].replaceChildren(...items.map(makeItemRow));
}

function valueOf({ value, fallback }) {
  if (value === undefined) {
    return make("span", { className: "muted" }, "not set");
  }
  const code = make("code", {}, value);
  // What somebody chose is what an operator looks for.
  if (value !== fallback) code.className = "chosen";
  return code;
}
