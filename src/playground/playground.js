import { connect as connectClient, TaskwireError } from "./client.js";
import { isolated, visible } from "./console/foreign.js";
import { readFragment, showChosen, showLabels } from "./console/labels.js";
import { paceOf, percentOf } from "./console/task_words.js";

/**
 * @typedef {import("./client.js").Client} Client
 * @typedef {import("./client.js").ConnectionState} ConnectionState
 * @typedef {import("./client.js").Task} Task
 * @typedef {import("./client.js").TaskUpdate} TaskUpdate
 */

/**
 * The connection requested by the form, until the end of the connection.
 *
 * @typedef {object} Session
 * @property {string} id
 * @property {string} route
 * @property {Client} [client] On the realtime route.
 * @property {WebSocket} [socket] The newest socket.
 * @property {string} [ending] The reason for the end of the newest socket.
 */

/**
 * A task on the page.
 *
 * @typedef {object} Entry
 * @property {HTMLElement} card
 * @property {Partial<Task>} task
 * @property {boolean} [isDeleted]
 * @property {AsyncIterableIterator<TaskUpdate>} [updates] Of the present client.
 */

/**
 * Returns the element of an id. Every used id exists in `index.html`. The type is
 * the kind of element with most of the used properties.
 *
 * @param {string} id
 */
function $(id) {
  return /** @type {HTMLInputElement} */ (document.getElementById(id));
}

/** @type {Readonly<Record<number, string>>} */
const closeWords = {
  1000: "normal end",
  1001: "the server ended it: idle, or going away",
  1005: "this page ended it",
  1006: "lost or refused, without a reason; is the server up?",
  1009: "a message was over the size limit",
  1012: "the server is shutting down or restarting",
  1013: "authentication is required and cannot be checked now",
  4400: "too many frames that could not be understood",
  4401: "authentication is required, or the token expired: use a new token",
  4403: "this user may not watch this task, or origin not allowed",
  4408: "too slow: the outbound buffer stayed over the limit",
  4409: "disconnected by an operator",
  4429: "over a rate or connection limit",
};

/** @type {Readonly<Record<string, string>>} */
const authWords = {
  guest: "No token was given: you are a guest.",
  authenticated: "The server verified your token.",
  invalid_token: "The token was not accepted: you are a guest.",
  auth_error: "The token could not be checked now: you are a guest.",
};

/** @type {Readonly<Record<string, string>>} */
const echoPaths = { simple: "ws/ws/simple/", test: "ws/test/" };

/** @type {Session | undefined} */
let session;

/**
 * The tasks on the page, by `connection_id`.
 *
 * @type {Map<string, Entry>}
 */
const watched = new Map();

// The log

const held = document.createElement("ol");
let isPaused = false;

const arrows = { in: "←", out: "→", note: "•" };

/**
 * @param {keyof typeof arrows} kind
 * @param {string} text
 */
function log(kind, text) {
  const line = document.createElement("li");
  line.className = kind;
  const time = new Date().toISOString().slice(11);
  line.append(`${time} ${arrows[kind]} `, isolated(text.slice(0, 9999)));
  const list = isPaused ? held : $("frames");
  list.prepend(line);
  if (list.childElementCount > 500) list.lastElementChild?.remove();
}

/** @param {string} text */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Indents JSON, up to a length. Text stays unchanged if parsing would lose a part.
 *
 * @param {string} text
 */
function pretty(text) {
  if (JSON.stringify(parse(text)) !== text) return text;
  /** @param {number} depth */
  const line = (depth) => text.length > 600 ? `\n${"  ".repeat(depth)}` : " ";
  let indented = "";
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|\[\]|\{\}|[^]/g)) {
    if (/^[[{]$/.test(token)) indented += token + line(++depth);
    else if (/^[\]}]$/.test(token)) indented += line(--depth) + token;
    else if (token === ",") indented += token + line(depth);
    else indented += token === ":" ? ": " : token;
    if (indented.length > 9999) break;
  }
  return indented;
}

// The status

/**
 * @param {string} id
 * @param {string} text
 */
function badge(id, text) {
  $(id).textContent = text;
  $(id).dataset.status = text;
}

/**
 * @param {string} state
 * @param {string} detail
 */
function setState(state, detail) {
  badge("connection-state", state);
  $("detail").textContent = detail;
  $("disconnect").disabled = !session;
  $("sender").disabled = state !== "connected";
  $("ping").hidden = session?.route !== "realtime";
}

/**
 * @param {string} status
 * @param {string | number} userId
 */
function showIdentity(status, userId, detail = authWords[status] ?? "") {
  badge("auth-status", status);
  $("user-id").textContent = String(userId);
  $("detail").textContent = detail;
  $("reason").textContent = "";
}

/**
 * @param {string} code
 * @param {string} message
 */
function showReason(code, message) {
  const name = document.createElement("code");
  name.textContent = code;
  $("reason").replaceChildren(name, ` ${message}`);
}

// The connection

function connectionId() {
  const input = $("connection-id");
  const id = input.value;
  // Browsers drop . and .. from a path, even encoded.
  const isBad = [...id].length > 256 || /\p{Cc}|^\.{1,2}$/u.test(id);
  input.setCustomValidity(
    isBad ? "1 to 256 characters, no control characters, not . or .." : "",
  );
  return input.reportValidity() ? id : "";
}

function connect() {
  const id = connectionId();
  if (!id) return;
  stop();
  watched.clear();
  $("tasks").replaceChildren();
  session = { id, route: $("route").value };
  showIdentity("–", "–");
  if (session.route === "realtime") openClient(session);
  else openEcho(session);
}

function stop() {
  const ended = session;
  session = undefined;
  if (ended?.client) ended.client.close();
  else ended?.socket?.close(1000);
}

/**
 * Makes a `WebSocket` class for a session, to show all frames.
 *
 * @param {Session} mine
 */
function loggedWebSocket(mine) {
  const isTokenInUrl = !$("subprotocol").checked;
  return class extends WebSocket {
    /**
     * @param {string} address
     * @param {string[]} protocols
     */
    constructor(address, protocols) {
      const url = new URL(address);
      log("note", `connecting to ${url.pathname}`);
      const [, token] = protocols;
      const isMoved = token !== undefined && isTokenInUrl;
      if (isMoved) url.searchParams.set("token", token);
      super(url.href, isMoved ? [] : protocols);
      mine.socket = this;
      mine.ending = undefined;
      this.addEventListener("message", ({ data }) => {
        if (typeof data === "string") log("in", pretty(data));
        else log("in", `binary, ${data.size} bytes`);
      });
      this.addEventListener("close", ({ code, reason }) => {
        mine.ending = endingOf(code, reason);
        log("note", mine.ending);
      });
    }

    /**
     * @override
     * @param {string} text
     */
    send(text) {
      super.send(text);
      log("out", pretty(text).replace(/("token": *)"[^"]*/, '$1"…'));
    }
  };
}

/**
 * @param {number} code
 * @param {string} reason
 */
function endingOf(code, reason) {
  const words = closeWords[code] ?? "unknown code";
  return `Closed with ${code} ${reason} (${words}).`;
}

/**
 * Opens the realtime route with the client. The client reconnects and resumes.
 *
 * @param {Session} mine
 */
function openClient(mine) {
  const token = $("token").value.trim();
  const LoggedWebSocket = loggedWebSocket(mine);
  mine.client = connectClient("./", {
    transport: "websocket",
    staysAfterEnd: true,
    getToken: () => token,
    WebSocket: class extends LoggedWebSocket {
      /**
       * @param {string} url
       * @param {string[]} protocols
       */
      constructor(url, protocols) {
        super(url, protocols);
        this.addEventListener("message", ({ data }) => {
          if (mine === session) explain(parse(data));
        });
      }
    },
    onConnected: ({ auth_status, user_id }) => {
      if (mine === session) showIdentity(auth_status, user_id);
    },
    onError: ({ code, message }) => {
      if (mine === session) showReason(code, message);
    },
    onState: (state) => {
      if (mine === session) showState(mine, state);
    },
  });
  watch(mine.id);
}

/**
 * @param {Session} mine
 * @param {ConnectionState} state
 */
function showState(mine, { state, retryInMs = 0 }) {
  switch (state) {
    case "connecting":
      return setState("connecting", "");
    case "open":
      return setState("connected", $("detail").textContent);
    case "waiting": {
      const plan = `Reconnecting in ${(retryInMs / 1000).toFixed(1)} s.`;
      log("note", plan);
      const ending = mine.ending ?? "The connection is lost.";
      return setState("reconnecting", `${ending} ${plan}`);
    }
    case "closed":
      session = undefined;
      return setState("disconnected", mine.ending ?? "The watch has ended.");
  }
}

/**
 * Shows facts found only in frames, not in the client's updates.
 *
 * @param {any} frame
 */
function explain(frame) {
  if (frame?.type === "token_expiring") {
    showReason(
      "token_expiring",
      `Connect with a new token within ${frame.expires_in} s.`,
    );
  } else if (frame?.type === "sync" && frame.recovered) {
    log("note", "resumed: nothing was missed");
  }
}

/**
 * Opens an echo route, without reconnecting.
 *
 * @param {Session} mine
 */
function openEcho(mine) {
  const LoggedWebSocket = loggedWebSocket(mine);
  const path = `${echoPaths[mine.route]}${encodeURIComponent(mine.id)}`;
  const url = new URL(path, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  setState("connecting", "");
  const socket = new LoggedWebSocket(url.href, []);
  socket.onopen = () => {
    if (mine !== session) return;
    setState("connected", "");
    showIdentity(
      "not checked",
      "–",
      "This route checks no token; none was sent.",
    );
  };
  socket.onclose = () => {
    if (mine !== session) return;
    session = undefined;
    setState("disconnected", mine.ending ?? "");
  };
}

/**
 * Sends a frame as typed. For `subscribe` frames the client watches the task, to
 * keep the watch after a lost connection.
 *
 * @param {string} text
 */
function send(text) {
  if (/^bad_/.test($("reason").textContent)) $("reason").textContent = "";
  const { type, connection_id: id, ...others } = parse(text) ?? {};
  const isPlain = session?.client && typeof id === "string" &&
    Object.keys(others).length === 0;
  if (isPlain && type === "subscribe" && !watched.has(id)) watch(id);
  else if (isPlain && type === "unsubscribe" && watched.has(id)) unwatch(id);
  else session?.socket?.send(text);
}

// Tasks

/**
 * Watches a task until the watch or the session ends.
 *
 * @param {string} id
 */
async function watch(id) {
  const mine = session;
  let entry;
  try {
    const updates = mine?.client?.watch(id);
    if (!updates) return;
    entry = addEntry(id, updates);
    for await (const update of updates) {
      if (mine === session) show(entry, update);
    }
  } catch (error) {
    if (!(error instanceof TaskwireError)) throw error;
    if (mine === session || !session) showReason(error.code, error.message);
  }
}

/** @param {string} id */
function unwatch(id) {
  const entry = watched.get(id);
  watched.delete(id);
  entry?.card.remove();
  entry?.updates?.return?.();
}

/**
 * @param {string} id
 * @param {AsyncIterableIterator<TaskUpdate>} updates
 * @returns {Entry}
 */
function addEntry(id, updates) {
  const template = /** @type {unknown} */ ($("card"));
  const { content } = /** @type {HTMLTemplateElement} */ (template);
  const card = /** @type {HTMLElement} */ (
    content.firstElementChild?.cloneNode(true)
  );
  card.dataset.connectionId = id;
  part(card, ".bar").ariaLabel = `Progress of ${visible(id)}`;
  if (watched.size === 0) $("tasks").replaceChildren();
  $("tasks").append(card);
  const entry = { card, task: {}, updates };
  watched.set(id, entry);
  return entry;
}

/**
 * @param {HTMLElement} card
 * @param {string} selector
 */
function part(card, selector) {
  return /** @type {HTMLElement} */ (card.querySelector(selector));
}

/**
 * @param {Entry} entry
 * @param {TaskUpdate} update
 */
function show(entry, update) {
  switch (update.type) {
    case "sync":
      return render(entry, update.task ?? {});
    case "task":
      return render(entry, fold(entry.task, update));
    case "cancel_requested":
      return render(entry, { ...entry.task, cancel_requested: true });
    case "deleted":
      entry.isDeleted = true;
      return render(entry, {});
  }
}

/**
 * Adds an event to a task; a new attempt starts clean.
 *
 * @param {Partial<Task>} task
 * @param {import("./client.js").TaskEvent} event
 * @returns {Partial<Task>}
 */
function fold(task, { type: _, skipped: __, cleared = [], ...members }) {
  /** @type {{ -readonly [Name in keyof Task]?: Task[Name] }} */
  const { rate: ___, eta: ____, ...kept } = task;
  const isRetry = members.attempt > (task.attempt ?? members.attempt);
  /** @type {import("./client.js").ClearedMember[]} */
  const dropped = isRetry
    ? ["progress", "current", "message", "data", ...cleared]
    : [...cleared];
  for (const name of dropped) delete kept[name];
  return { ...kept, ...members };
}

/**
 * @param {Entry} entry
 * @param {Partial<Task>} task
 */
function render(entry, task) {
  entry.task = task;
  const { title, labels = [] } = task;
  const status = task.status ?? "none";
  const { card } = entry;
  const { connectionId: id = "" } = card.dataset;
  const nothingYet = entry.isDeleted
    ? "The task was deleted."
    : "No events yet: publish one.";
  part(card, "h3").replaceChildren(isolated(title ?? id));
  part(card, ".id").replaceChildren(
    ...title === undefined ? [] : [isolated(id)],
  );
  const { labels: chosen } = readFragment();
  showLabels(part(card, ".labels"), labels, chosen);
  card.hidden = !chosen.every((label) => labels.includes(label));
  showProgress(entry);
  card.dataset.status = status;
  part(card, ".pill").textContent = status;
  part(card, "p").replaceChildren(
    isolated(task.message ?? (status === "none" ? nothingYet : "")),
  );
}

/** @param {Entry} entry */
function showProgress({ card, task }) {
  const { status = "none", current, total, unit = "", attempt, offset } = task;
  const percent = status === "none"
    ? undefined
    : percentOf({ status, progress: task.progress });
  const bar = part(card, ".bar");
  const words = [];
  if (percent !== undefined) words.push(`${percent} %`);
  if (current !== undefined) {
    words.push(`${current} of ${total ?? "?"} ${unit}`);
  }
  bar.ariaValueNow = percent === undefined ? null : String(percent);
  bar.ariaValueText = [status, ...words].join(", ");
  bar.classList.toggle(
    "moving",
    percent === undefined && /queued|running/.test(status),
  );
  part(bar, "div").style.width = percent === undefined ? "" : `${percent}%`;
  const pace = paceOf(task);
  if (pace) words.push(pace);
  if (attempt) words.push(`attempt ${attempt}`);
  if (offset) words.push(`offset ${offset}`);
  if (task.cancel_requested) words.push("cancel requested");
  part(card, "p.muted").textContent = words.join(" · ");
}

/** Shows the labels to filter by, and the tasks with all of them. */
function filter() {
  showChosen($("chosen-labels"), readFragment().labels);
  for (const entry of watched.values()) render(entry, entry.task);
}

// Publishing

/** @param {string} text */
function result(text, kind = "") {
  const line = document.createElement("div");
  line.textContent = text;
  line.className = kind;
  $("publish-result").prepend(line);
}

/**
 * Sends one request about the task.
 *
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<any>} The answer's body, or `undefined` if the request was refused.
 */
async function request(method, path, body) {
  const id = connectionId();
  if (!id || !$("api-key").reportValidity()) return;
  try {
    const response = await fetch(`api/tasks/${encodeURIComponent(id)}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${$("api-key").value.trim()}`,
        "content-type": "application/json",
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    const answer = parse(text) ?? {};
    if (response.ok) {
      result(`${response.status} ${pretty(text)}`);
      return answer;
    }
    if (response.status === 409) result("“Forget task” starts it over.");
    result(`${response.status} ${answer.title}: ${answer.detail}`, "bad");
  } catch (error) {
    result(/** @type {Error} */ (error).message, "bad");
  }
}

/** @param {unknown} event */
const publish = (event) => request("POST", "/events", event);

async function demo() {
  const id = $("connection-id").value;
  const before = watched.get(id)?.task ?? {};
  // A higher attempt reopens a failed or canceled task.
  const isReopened = /failed|canceled/.test(before.status ?? "");
  const attempt = (before.attempt ?? 1) + Number(isReopened);
  /** @type {Partial<Task>[]} */
  const events = [{
    status: "queued",
    title: "Demo task",
    message: "waiting",
  }];
  for (let current = 0; current <= 12; current++) {
    events.push({
      status: "running",
      progress: current / 12,
      current,
      total: 12,
      unit: "steps",
      message: "working",
    });
  }
  events.push({ status: "succeeded", message: "done" });
  for (const event of events) {
    if (event.status !== "queued") await new Promise((r) => setTimeout(r, 350));
    if ($("connection-id").value !== id) return;
    const answer = await publish({ attempt, ...event });
    if (!answer) return;
    if (answer.cancel_requested && Number(event.progress) < 1) {
      return publish({ attempt, status: "canceled" });
    }
  }
}

// The controls

/**
 * @param {string} id
 * @param {string} type
 * @param {() => void} act
 */
function on(id, type, act) {
  $(id).addEventListener(type, (event) => {
    event.preventDefault();
    act();
  });
}

on("connect-form", "submit", connect);
on("disconnect", "click", () => {
  stop();
  setState("disconnected", "You disconnected.");
  $("connect").focus();
});
on("progress", "input", () => {
  $("percent").textContent = $("progress").value;
  $("with-progress").checked = true;
});
on("publish-form", "submit", () => {
  $("publish-result").replaceChildren();
  publish({
    status: $("status").value || undefined,
    progress: $("with-progress").checked
      ? Number($("progress").value) / 100
      : undefined,
    message: $("message").value || undefined,
  });
});
let isRunning = false;
on("demo", "click", async () => {
  if (isRunning) return;
  isRunning = true;
  $("publish-result").replaceChildren();
  if (!session && $("api-key").value) connect();
  await demo();
  isRunning = false;
});
on("forget", "click", () => request("DELETE", ""));
on("pause", "click", () => {
  isPaused = !isPaused;
  $("pause").ariaPressed = String(isPaused);
  $("frames").replaceChildren(
    ...[...held.children, ...$("frames").children].slice(0, 500),
  );
});
on("clear", "click", () => {
  held.replaceChildren();
  $("frames").replaceChildren();
});
on("send-form", "submit", () => send($("frame").value));
on("ping", "click", () => send('{"type":"ping"}'));

addEventListener("hashchange", filter);
filter();
setInterval(() => {
  for (const entry of watched.values()) if (entry.task.eta) showProgress(entry);
}, 1_000);

const asked = new URLSearchParams(location.search).get("id");
if (asked !== null) {
  $("connection-id").value = asked;
  connect();
}
