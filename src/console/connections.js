import { ApiError, call } from "./api.js";
import {
  $,
  confirmed,
  make,
  makeCell,
  makePill,
  makeRow,
  notify,
  setForeign,
  setText,
} from "./dom.js";
import { visible } from "./foreign.js";
import {
  formatBytes,
  formatDuration,
  formatNumber,
  serverNow,
} from "./format.js";
import { Pager, Rows } from "./pager.js";

/** Connections per request, and the most connections to load. */
const listSize = 10_000;
const maxConnections = 20_000;

/** Length above which the list is read less often, to spare the server. */
const longList = 2_000;
const longListPauseMs = 5_000;

/**
 * An open socket in the list of the API.
 *
 * @typedef {object} Connection
 * @property {string} id
 * @property {string} connection_id
 * @property {string | number} [user_id]
 * @property {string} [auth_status]
 * @property {string} remote_address
 * @property {string} route
 * @property {string} since
 * @property {number} queued_bytes
 */

/** @typedef {Connection & { text: string }} Entry A connection with the text to search by the filter. */

/** The view of the open sockets, oldest first. */
export class ConnectionsView {
  /** @type {Entry[] | undefined} */
  #connections;
  #total = 0;
  #silentNodes = 0;
  #readAtMs = -Infinity;
  #pager = new Pager($("connection-pager"), () => this.show());
  /** @type {Rows<Entry>} */
  #rows = new Rows($("connection-table"), (id) => this.#makeRow(id));

  constructor() {
    $("connection-filter").addEventListener("input", () => {
      this.#pager.reset();
      this.show();
    });
  }

  /** Reads the connections. */
  async poll() {
    const isLong = (this.#connections?.length ?? 0) > longList;
    const pauseMs = isLong ? longListPauseMs : 0;
    if (performance.now() - this.#readAtMs < pauseMs) return;
    /** @type {Connection[]} */
    const read = [];
    let cursor = "";
    do {
      const list = await call(
        "GET",
        `connections?limit=${listSize}${cursor && `&cursor=${cursor}`}`,
      );
      read.push(...list.connections);
      this.#total = list.total ?? read.length;
      this.#silentNodes = list.silent_nodes ?? 0;
      cursor = list.cursor ?? "";
    } while (cursor !== "" && read.length < maxConnections);
    this.#readAtMs = performance.now();
    this.#connections = read.map((connection) => ({
      ...connection,
      text: [
        connection.user_id,
        connection.connection_id,
        connection.remote_address,
      ].join("\n").toLowerCase(),
    }));
    this.show();
  }

  /** Shows the connections. */
  show() {
    const all = this.#connections;
    if (all === undefined) return;
    const text = $("connection-filter").value.trim().toLowerCase();
    const matches = text === ""
      ? all
      : all.filter((connection) => connection.text.includes(text));
    this.#rows.show(this.#pager.cut(matches), ({ id }) => id);
    setText(
      $("connections-note"),
      noteOf(this.#total, all, matches, text) + noteOfSilent(this.#silentNodes),
    );
  }

  /** @param {string} id */
  #makeRow(id) {
    const pill = makePill("");
    const close = make(
      "button",
      { type: "button", className: "danger" },
      "Close",
    );
    const user = makeCell("User", "", "name");
    const task = makeCell("Task", "", "name");
    const route = makeCell("Route");
    const address = makeCell("Remote address");
    const since = makeCell("Open for", "", "number");
    const queued = makeCell("Queued", "", "number");
    const element = makeRow(
      user,
      makeCell("Authentication", pill),
      task,
      route,
      address,
      since,
      queued,
      makeCell("", close, "action"),
    );
    element.dataset.id = id;
    const row = {
      element,
      /** @type {Entry | undefined} */
      connection: undefined,
      /** @param {Entry} connection */
      update(connection) {
        const { auth_status: status = "not checked" } = connection;
        row.connection = connection;
        pill.dataset.status = status;
        setText(pill, status);
        setForeign(user, String(connection.user_id ?? "–"));
        setForeign(task, connection.connection_id);
        setText(route, connection.route);
        setText(address, connection.remote_address);
        setText(
          since,
          formatDuration(serverNow() - Date.parse(connection.since)),
        );
        setText(queued, formatBytes(connection.queued_bytes));
        close.ariaLabel =
          `Close the connection of ${connection.remote_address} to ${
            visible(connection.connection_id)
          }`;
      },
    };
    close.addEventListener("click", () => {
      if (row.connection === undefined) return;
      this.#close(row.connection).catch((error) => notify(error.message));
    });
    return row;
  }

  /** @param {Connection} connection */
  async #close(connection) {
    const { id, connection_id: task, remote_address: address } = connection;
    const isSure = await confirmed({
      title: "Close this connection?",
      text: `The client at ${address} that watches ${
        visible(task)
      } receives close code 4409 (closed by an operator), and should not reconnect by itself.`,
      yes: "Close connection",
    });
    if (!isSure) return;
    try {
      await call("DELETE", `connections/${encodeURIComponent(id)}`);
      notify(`Closed the connection of ${address} to ${visible(task)}.`);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
      notify("That connection had ended already.");
    }
    this.#connections = this.#connections?.filter((one) => one.id !== id);
    this.#total -= 1;
    this.show();
    $("connection-filter").focus();
  }
}

/**
 * @param {number} total
 * @param {Entry[]} all
 * @param {Entry[]} matches
 * @param {string} text
 */
function noteOf(total, all, matches, text) {
  if (all.length === 0) return "Nobody is connected.";
  const open = `${formatNumber(total)} open`;
  const loaded = total > all.length
    ? `${open}, the oldest ${formatNumber(all.length)} of them loaded`
    : open;
  return text === ""
    ? loaded
    : `${formatNumber(matches.length)} match, of ${loaded}`;
}

/** @param {number} nodes */
function noteOfSilent(nodes) {
  if (nodes === 0) return "";
  const who = nodes === 1 ? "1 node" : `${formatNumber(nodes)} nodes`;
  return ` (${who} did not answer)`;
}
