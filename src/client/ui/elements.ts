/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * Elements for pages without a framework. Importing the module defines
 * `<taskwire-progress>` and `<taskwire-list>`.
 *
 * @example
 * ```html
 * <script type="module">
 *   import { configure } from "taskwire/elements";
 *   configure({ url: "/", getToken: () => fetch("/token").then((r) => r.text()) });
 * </script>
 * <taskwire-progress task="upload_123456" stoppable></taskwire-progress>
 * <taskwire-list mine></taskwire-list>
 * ```
 *
 * Style the parts `title`, `value`, `bar`, `fill`, `message`, `left`, `stop`,
 * `list`, `item` and `empty`, or set `--taskwire-color`, `--taskwire-track` and
 * `--taskwire-bad`. The attribute `status` of an element is the task's status,
 * `unreachable` while the server is, or `error` if the server refuses the watch.
 *
 * @module
 */
import type { ConnectOptions, Task } from "../api.ts";
import {
  endOf,
  paced,
  type TasksQuery,
  type TasksView,
  type TaskView,
  type View,
  Views,
} from "./views.ts";

/** Options of all elements: those of `connect`, and the server. */
export interface ElementOptions extends ConnectOptions {
  /** The server. @default {"/"} */
  readonly url?: string | URL | undefined;
}

let views: Views | undefined;

/** Sets the server and the token of all elements. Elements begin anew. */
export function configure({ url = "/", ...options }: ElementOptions): void {
  views = new Views(url, options);
  for (const element of connected) element.begin();
}

const connected = new Set<WatchingElement<TaskView | TasksView>>();

const style = `
  :host { display: block; color-scheme: inherit; font: inherit;
    --color: var(--taskwire-color, light-dark(#1a66d6, #7db0ff));
    --bad: var(--taskwire-bad, light-dark(#b3261e, #ff8a80));
    --track: var(--taskwire-track, light-dark(#dfe3ea, #3a3f4a)); }
  :host([hidden]) { display: none; }
  div, li { display: flex; flex-wrap: wrap; gap: .25em .75em; align-items: baseline; }
  [part~=title] { flex: 1; overflow-wrap: anywhere; }
  [part~=bar] { flex: 0 0 100%; block-size: .5em; border-radius: .25em;
    background: var(--track); overflow: hidden; }
  [part~=fill] { inline-size: var(--done); block-size: 100%; background: var(--color); }
  [data-status=failed] [part~=fill], [data-status=lost] [part~=fill] { background: var(--bad); }
  [data-status=failed] [part~=value], [data-status=lost] [part~=value],
  [data-status=error] [part~=value], :host([status=error]) [part~=empty] { color: var(--bad); }
  [data-status=canceled] [part~=fill], [data-status=unreachable] [part~=fill] { opacity: .5; }
  [part~=message]:empty, [part~=left]:empty { display: none; }
  ul { list-style: none; margin: 0; padding: 0; display: grid; gap: .75em; }
  [role=status] { position: absolute; inline-size: 1px; block-size: 1px;
    overflow: hidden; clip-path: inset(50%); }
  @media (forced-colors: active) { [part~=bar] { border: 1px solid; }
    [part~=fill] { background: Highlight; } }
`;

/** An element that shows a view while the element is in a document. */
abstract class WatchingElement<Value> extends HTMLElement {
  protected readonly root: ShadowRoot = this.attachShadow({ mode: "open" });
  #unsubscribe = () => {};

  /** Makes the view; `undefined` while an attribute is missing. */
  protected abstract watch(views: Views): View<Value> | undefined;

  /** Shows the present value of the view. */
  protected abstract show(value: Value): void;

  connectedCallback(): void {
    connected.add(this as never);
    this.begin();
  }

  disconnectedCallback(): void {
    connected.delete(this as never);
    this.#unsubscribe();
  }

  attributeChangedCallback(): void {
    if (this.isConnected) this.begin();
  }

  /** Begins with the present attributes and settings. */
  begin(): void {
    this.#unsubscribe();
    const made = this.watch(views ??= new Views("/"));
    if (made === undefined) return;
    const view = paced(made);
    this.#unsubscribe = view.subscribe(() => this.show(view.get()));
    this.show(view.get());
  }
}

/**
 * `<taskwire-progress task="…">`: the progress of a task. With the attribute
 * `stoppable` a button asks the worker to stop.
 */
export class TaskwireProgress extends WatchingElement<TaskView> {
  static readonly observedAttributes: readonly string[] = ["task", "stoppable"];
  readonly #row = createRow("div");
  readonly #stop = create("button", "stop");
  readonly #status = create("span");

  constructor() {
    super();
    this.#stop.addEventListener("click", () => views?.cancel(this.#id));
    this.#status.role = "status";
    this.root.append(create("style", "", style), this.#row, this.#status);
  }

  get #id(): string {
    return this.getAttribute("task") ?? "";
  }

  protected watch(views: Views): View<TaskView> | undefined {
    return this.#id ? views.task(this.#id) : undefined;
  }

  protected show({ task, connection, error }: TaskView): void {
    const isSettled = endOf(task) !== "";
    const isReached = connection === "open" || isSettled;
    fillRow(this.#row, this.#id, task, error?.message, isReached);
    const { status = "unreachable" } = this.#row.dataset;
    this.setAttribute("status", status);
    const label = task?.title ?? this.#id;
    // A change of the status is said; a change of the progress would chatter.
    const said = error?.message ?? (task && status);
    setText(this.#status, said ? `${label}: ${said}` : "");
    const isStoppable = this.hasAttribute("stoppable") && task !== null &&
      !isSettled && !error;
    setText(this.#stop, task?.cancel_requested ? "Stopping …" : "Stop");
    this.#stop.toggleAttribute("disabled", task?.cancel_requested ?? false);
    // A button that is inserted again loses the focus.
    if (!isStoppable) this.#stop.remove();
    else if (!this.#stop.isConnected) this.#row.append(this.#stop);
  }
}

/**
 * `<taskwire-list mine>` or `<taskwire-list labels="team:7 import">`: a list of
 * tasks, with `limit` at most. The slot `empty` is shown without tasks.
 */
export class TaskwireList extends WatchingElement<TasksView> {
  static readonly observedAttributes: readonly string[] = [
    "mine",
    "labels",
    "limit",
  ];
  readonly #list = create("ul", "list");
  readonly #empty = create("p", "empty");
  readonly #slot = create("slot", "", "No tasks");
  readonly #rows = new Map<string, HTMLElement>();

  constructor() {
    super();
    this.#slot.setAttribute("name", "empty");
    this.root.append(create("style", "", style), this.#list, this.#empty);
  }

  protected watch(views: Views): View<TasksView> | undefined {
    const query = this.#query;
    return query && views.tasks(query);
  }

  get #query(): TasksQuery | undefined {
    const limit = Number(this.getAttribute("limit")) || undefined;
    const labels = this.getAttribute("labels")?.split(/\s+/).filter(Boolean);
    if (this.hasAttribute("mine")) return { mine: true, limit };
    return labels?.length ? { labels, limit } : undefined;
  }

  protected show({ tasks, complete, connection, error }: TasksView): void {
    const isReached = connection === "open";
    const status = isReached ? "open" : "unreachable";
    this.setAttribute("status", error ? "error" : status);
    const ids = tasks.map(({ connection_id }) => connection_id);
    for (const [id, row] of this.#rows) {
      if (ids.includes(id)) continue;
      row.remove();
      this.#rows.delete(id);
    }
    for (const task of tasks) {
      const id = task.connection_id;
      const row = this.#rows.get(id) ?? createRow("li");
      this.#rows.set(id, row);
      // The tasks stay as they were when the updates ended.
      fillRow(row, id, task, undefined, isReached || error !== undefined);
    }
    const rows = ids.map((id) => this.#rows.get(id)).filter((row) => !!row);
    // Rows that stay in place keep their focus and selection.
    for (const [index, row] of rows.entries()) {
      const present = this.#list.children[index];
      if (present !== row) this.#list.insertBefore(row, present ?? null);
    }
    this.#list.hidden = tasks.length === 0;
    this.#empty.hidden = !error && (tasks.length > 0 || !complete);
    if (error) setText(this.#empty, error.message);
    else if (!this.#slot.isConnected) this.#empty.replaceChildren(this.#slot);
  }
}

function create(name: string, part = "", text = ""): HTMLElement {
  const element = document.createElement(name);
  if (part) element.setAttribute("part", part);
  element.textContent = text;
  return element;
}

function createRow(name: string): HTMLElement {
  const row = create(name, "item");
  const bar = create("span", "bar");
  bar.role = "progressbar";
  bar.append(create("span", "fill"));
  bar.style.display = "block";
  (bar.firstElementChild as HTMLElement).style.display = "block";
  row.append(
    create("bdi", "title"),
    create("span", "value"),
    bar,
    create("bdi", "message"),
    create("span", "left"),
  );
  return row;
}

function fillRow(
  row: HTMLElement,
  id: string,
  task: Task | null,
  error: string | undefined,
  isReached: boolean,
): void {
  const [title, value, bar, message, left] = [
    ...row.children,
  ] as HTMLElement[];
  if (!title || !value || !bar || !message || !left) return;
  const status = task?.status ?? "";
  row.dataset.status = error === undefined
    ? isReached ? status || "unknown" : "unreachable"
    : "error";
  // 99.9 % is not 100 %.
  const percent = task?.progress === undefined
    ? undefined
    : Math.floor(task.progress * 100);
  const name = task?.title ?? id;
  const state = error ?? (isReached ? status : "connecting …");
  const amount = percent === undefined ? "" : `${percent} %`;
  setText(title, name);
  setText(
    value,
    !error && isReached && status === "running" && amount ? amount : state,
  );
  setText(message, task?.message ?? "");
  setText(left, isReached ? timeLeft(task) : "");
  bar.style.setProperty("--done", `${percent ?? 0}%`);
  bar.ariaLabel = name;
  bar.ariaValueMin = "0";
  bar.ariaValueMax = "100";
  bar.ariaValueNow = percent === undefined ? null : `${percent}`;
  bar.ariaValueText = [amount, state, task?.message, left.textContent]
    .filter(Boolean).join(", ");
}

function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

const units = [["h", 3_600], ["min", 60], ["s", 1]] as const;

function timeLeft(task: Task | null): string {
  if (task?.eta === undefined || task.status !== "running") return "";
  const seconds = Math.max(1, (Date.parse(task.eta) - Date.now()) / 1_000);
  const [unit, length] = units.find(([, length]) => seconds >= length) ??
    units[2];
  return `${Math.round(seconds / length)} ${unit} left`;
}

customElements.define("taskwire-progress", TaskwireProgress);
customElements.define("taskwire-list", TaskwireList);
