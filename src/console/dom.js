import { percentOf } from "./task_words.js";

/** The element of an id; every id here is in `index.html`. */
export function $(id) {
  return document.getElementById(id);
}

/** Makes an element; properties are set, `role`, `data-…` and `aria-…` as attributes. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (/^(?:role|scope|data-|aria-)/.test(name)) {
      element.setAttribute(name, value);
    } else element[name] = value;
  }
  element.append(...children);
  return element;
}

/** Changes an element's text where it differs, so that nothing is announced or laid out for nothing. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Characters that are not seen, or turn the text after them around (UAX #9). */
const controls =
  /(?![\t\n])[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** A text of strangers with its control characters spelled out: `[U+202E]`. */
export function visible(text) {
  return text.replace(controls, (character) => {
    const code = character.charCodeAt(0).toString(16).toUpperCase();
    return `[U+${code.padStart(4, "0")}]`;
  });
}

/** Shows a text of strangers, isolated: its direction is its own alone. */
export function setForeign(element, text) {
  const shown = visible(text);
  const isolated = element.querySelector("bdi") ??
    element.appendChild(make("bdi"));
  setText(isolated, shown);
}

/** Makes a table's row of its cells. Roles are spelled out: on a phone the rows are no table to the layout. */
export function makeRow(...cells) {
  return make("tr", { role: "row" }, ...cells);
}

/** Makes a cell; the label stands before it on a phone, where the head is away. */
export function makeCell(label, content = "", className = "") {
  return make(
    "td",
    { role: "cell", className, "data-label": label },
    content,
  );
}

/** Makes what shows a status as a word on its color. */
export function makePill(status) {
  return make("span", { className: "pill", "data-status": status }, status);
}

/** Shows a list of facts as terms and values. */
export function showFacts(list, facts) {
  list.replaceChildren(
    ...facts.map(([term, value]) =>
      make("div", {}, make("dt", {}, term), make("dd", {}, value))
    ),
  );
}

/** Makes a progress bar; {@linkcode showProgress} moves it. */
export function makeProgress() {
  return make(
    "div",
    {
      className: "progress",
      role: "progressbar",
      "aria-valuemin": "0",
      "aria-valuemax": "100",
    },
    make("div"),
  );
}

/** Moves a progress bar to where a task is. */
export function showProgress(bar, task) {
  const percent = percentOf(task);
  const isMoving = percent === undefined && task.status === "running";
  bar.dataset.status = task.status;
  bar.ariaLabel = `Progress of ${visible(task.connection_id)}`;
  bar.ariaValueNow = percent ?? null;
  bar.ariaValueText = `${task.status}, ${
    percent === undefined ? "progress unknown" : `${percent} %`
  }`;
  bar.classList.toggle("moving", isMoving);
  bar.firstElementChild.style.width = isMoving ? "" : `${percent ?? 0}%`;
}

/**
 * Asks before something that can't be undone.
 *
 * @returns Whether the operator wants it.
 */
export function confirmed({ title, text, yes }) {
  const dialog = $("confirm");
  $("confirm-title").textContent = title;
  $("confirm-text").textContent = text;
  $("confirm-yes").textContent = yes;
  dialog.returnValue = "";
  dialog.showModal();
  $("confirm-no").focus();
  return new Promise((resolve) => {
    dialog.addEventListener(
      "close",
      () => resolve(dialog.returnValue === "yes"),
      { once: true },
    );
  });
}

$("confirm-yes").addEventListener("click", () => $("confirm").close("yes"));
$("confirm-no").addEventListener("click", () => $("confirm").close(""));

/** Tells what became of an action. */
export function notify(text) {
  $("notice").textContent = text;
}
