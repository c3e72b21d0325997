import { ApiError, call, forgetKey, hasKey, keepKey } from "./api.js";
import { ConnectionsView } from "./connections.js";
import { drawDetails, refreshDetails } from "./details.js";
import { $, setText } from "./dom.js";
import { makeFragment, readFragment } from "./labels.js";
import { showSetup } from "./setup.js";
import { TaskFeed } from "./task_feed.js";
import { TasksView } from "./tasks.js";
import { ThroughputView } from "./throughput.js";

/** The pause between an answer and the next request, in milliseconds. */
const pollMs = 1_000;

/**
 * The shortest time between two drawings of changes, in milliseconds: the server
 * sends the changes of a task at most as often.
 */
const drawMs = 100;

/** The longest pause while the server can't be reached, in milliseconds. */
const maxRetryMs = 10_000;

const feed = new TaskFeed();
const tasks = new TasksView(feed);
const connections = new ConnectionsView();
const throughput = new ThroughputView();

/**
 * A view. `open` runs once when an operator opens the view, `poll` with every
 * poll beside the figures, `show` draws the view.
 *
 * @typedef {{ show: () => void, poll?: () => Promise<void>, open?: () => Promise<void> }} View
 */

/** @type {Record<"tasks" | "connections" | "throughput" | "server", View>} */
const views = {
  tasks: { poll: () => feed.poll(), show: () => tasks.show() },
  connections: {
    poll: () => connections.poll(),
    show: () => connections.show(),
  },
  throughput: { show: () => throughput.show() },
  server: { open: showSetup, show() {} },
};

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
let failures = 0;
let isPolling = false;
/** @type {AbortController | undefined} */
let following;
let isDrawing = false;
let drawnAtMs = 0;

/** @returns {keyof typeof views} */
function currentView() {
  const name = readFragment().path.slice(1);
  return Object.hasOwn(views, name)
    ? /** @type {keyof typeof views} */ (name)
    : "tasks";
}

/**
 * @param {string} state
 * @param {string} text
 */
function setState(state, text) {
  $("state").dataset.state = state;
  setText($("state"), text);
}

// Signing in

/** Shows the sign-in form, with a reason if given. */
function signOut(reason = "") {
  clearTimeout(timer);
  unfollow();
  forgetKey();
  for (const dialog of document.querySelectorAll("dialog")) dialog.close();
  // Only holders of a key may see the shown data.
  if (!$("views").hidden) return leave(reason);
  $("login").hidden = false;
  setState("off", "Signed out");
  setText($("login-error"), reason);
  $("key").focus();
}

/**
 * Reloads the page, to clear all data from memory.
 *
 * @param {string} reason
 */
function leave(reason) {
  if (reason !== "") sessionStorage.setItem("taskwire-console-reason", reason);
  location.reload();
}

/** @param {string} key */
async function signIn(key) {
  if (key === "") {
    setText($("login-error"), "Type an API key, or a JWT.");
    return $("key").focus();
  }
  keepKey(key);
  setText($("login-error"), "");
  setState("waiting", "Signing in");
  try {
    await call("GET", "stats");
    $("key").value = "";
    start();
    // The form had the focus, and is gone.
    all("a[aria-current]").forEach((link) => link.focus());
  } catch (error) {
    signOut(refusalOf(error));
    $("key").select();
  }
}

/**
 * Returns the reason for a failed sign-in, as text.
 *
 * @param {unknown} error
 */
function refusalOf(error) {
  if (!(error instanceof ApiError)) return "The server can't be reached.";
  if (error.status === 401) {
    return `The key was not accepted. ${error.message}.`;
  }
  if (error.status === 403) return `The token is not enough. ${error.message}.`;
  return error.message;
}

function start() {
  $("login").hidden = true;
  $("views").hidden = false;
  $("sign-out").hidden = false;
  setState("waiting", "Loading");
  showView();
}

// Views

/**
 * @param {string} selector
 * @returns {NodeListOf<HTMLElement>}
 */
function all(selector) {
  return document.querySelectorAll(selector);
}

function showView() {
  if ($("views").hidden) return;
  const name = currentView();
  if (name === "tasks") selectLabels();
  for (const section of all("[data-view]")) {
    section.hidden = section.dataset.view !== name;
  }
  for (const link of all("#views a")) {
    if (link.dataset.opens === name) {
      link.setAttribute("aria-current", "page");
    } else link.removeAttribute("aria-current");
  }
  document.title = `${name} · taskwire console`;
  views[name].show();
  views[name].open?.().catch(failed);
  poll();
}

/** Filters the tasks by the labels in the URL, and keeps them in the link of the view. */
function selectLabels() {
  const { labels } = readFragment();
  if (tasks.select(labels)) unfollow();
  for (const link of all('#views [data-opens="tasks"]')) {
    link.setAttribute("href", makeFragment("/tasks", labels));
  }
}

// Keeping it live

/** Follows the tasks while they are shown. */
function follow() {
  if (document.hidden || currentView() !== "tasks") return unfollow();
  if (following) return;
  const controller = following = new AbortController();
  feed.follow(controller.signal, draw).catch((error) => {
    if (following !== controller) return; // replaced
    following = undefined;
    failed(error);
  });
}

function unfollow() {
  following?.abort();
  following = undefined;
}

/** Draws changed tasks soon. */
function draw() {
  if (isDrawing) return;
  isDrawing = true;
  const waitMs = Math.max(0, drawnAtMs + drawMs - performance.now());
  setTimeout(() =>
    requestAnimationFrame(() => {
      isDrawing = false;
      drawnAtMs = performance.now();
      if (currentView() === "tasks") tasks.show();
      drawDetails();
      showLive();
    }), waitMs);
}

function showLive() {
  if (currentView() === "tasks" && !feed.isFollowed) return;
  failures = 0;
  setState("live", "Live");
}

/** Reads figures, and schedules the next poll. */
async function poll() {
  clearTimeout(timer);
  if ($("views").hidden) return;
  follow();
  if (isPolling) return;
  if (document.hidden) return setState("waiting", "Paused while hidden");
  isPolling = true;
  const failuresBefore = failures;
  try {
    const name = currentView();
    await Promise.all([
      throughput.poll(),
      views[name].poll?.(),
      refreshDetails(),
    ]);
    showLive();
    views[currentView()].show();
    const isLoading = currentView() === "tasks" && !feed.isLoaded;
    // If the stream has failed meanwhile, the next try waits longer.
    if (failures <= failuresBefore) schedule(isLoading ? 0 : pollMs);
  } catch (error) {
    failed(error);
  } finally {
    isPolling = false;
  }
}

/** @param {unknown} error */
function failed(error) {
  if (error instanceof ApiError && error.isRefusal) {
    return signOut(refusalOf(error));
  }
  if (error instanceof ApiError && error.code === "disconnected_by_operator") {
    return signOut("An operator closed the connection of this console.");
  }
  failures++;
  setState(
    "off",
    error instanceof ApiError
      ? `${error.message}. Retrying`
      : "Not reachable, retrying",
  );
  schedule(Math.min(maxRetryMs, pollMs * 2 ** failures));
}

/** @param {number} delayMs */
function schedule(delayMs) {
  clearTimeout(timer);
  timer = setTimeout(poll, delayMs);
}

// The controls

$("login-form").addEventListener("submit", (event) => {
  event.preventDefault();
  signIn($("key").value.trim());
});
$("sign-out").addEventListener("click", () => signOut());
addEventListener("hashchange", showView);
document.addEventListener("visibilitychange", poll);
document.addEventListener("keydown", (event) => {
  const isTyping = event.target instanceof Element &&
    event.target.matches("input, textarea, select");
  if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey) return;
  /** @type {HTMLInputElement | null} */
  const filter = document.querySelector(
    `[data-view="${currentView()}"]:not([hidden]) [type="search"]`,
  );
  if (filter === null || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  filter.focus();
  filter.select();
});

const reason = sessionStorage.getItem("taskwire-console-reason") ?? "";
sessionStorage.removeItem("taskwire-console-reason");
if (hasKey()) start();
else signOut(reason);
