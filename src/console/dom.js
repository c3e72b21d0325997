import { isolated, visible } from "./foreign.js";
import { percentOf } from "./task_words.js";

/**
 * Returns the element of an id. Every used id exists in `index.html`. The type has
 * the members of all used kinds of elements.
 *
 * @param {string} id
 * @returns {HTMLInputElement & HTMLTableElement & HTMLDialogElement}
 */
export function $(id) {
  return /** @type {any} */ (document.getElementById(id));
}

/**
 * Makes an element; properties are set, `role`, `data-…` and `aria-…` as attributes.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string>} properties
 * @param {(string | Node)[]} children
 */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (/^(?:role|scope|data-|aria-)/.test(name)) {
      element.setAttribute(name, value);
    } else Object.assign(element, { [name]: value });
  }
  element.append(...children);
  return element;
}

/**
 * Changes an element's text if different. An unchanged text causes no layout and no announcement by screen readers.
 *
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Shows a stranger's text, isolated from the direction of the surrounding text.
 *
 * @param {Element} element
 * @param {string} text
 */
export function setForeign(element, text) {
  const shown = element.querySelector("bdi");
  if (shown) setText(shown, visible(text));
  else element.append(isolated(text));
}

/**
 * Makes a table row. Roles are spelled out, because the layout for phones displays rows as blocks.
 *
 * @param {Node[]} cells
 */
export function makeRow(...cells) {
  return make("tr", { role: "row" }, ...cells);
}

/**
 * Makes a table cell. On a phone the label precedes the cell, because the table head is hidden.
 *
 * @param {string} label
 * @param {string | Node} content
 */
export function makeCell(label, content = "", className = "") {
  return make(
    "td",
    { role: "cell", className, "data-label": label },
    content,
  );
}

/**
 * Makes an element with a status as a word on a matching color.
 *
 * @param {string} status
 */
export function makePill(status) {
  return make("span", { className: "pill", "data-status": status }, status);
}

/**
 * Shows a list of facts as terms and values.
 *
 * @param {Element} list
 * @param {(readonly [term: string, value: string])[]} facts
 */
export function showFacts(list, facts) {
  list.replaceChildren(
    ...facts.map(([term, value]) =>
      make("div", {}, make("dt", {}, term), make("dd", {}, value))
    ),
  );
}

/** Makes a progress bar for {@linkcode showProgress}. */
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

/**
 * Moves a progress bar to where a task is.
 *
 * @param {HTMLElement} bar
 * @param {import("./task_feed.js").Task} task
 */
export function showProgress(bar, task) {
  const percent = percentOf(task);
  const isMoving = percent === undefined && task.status === "running";
  bar.dataset.status = task.status;
  bar.ariaLabel = `Progress of ${visible(task.connection_id)}`;
  bar.ariaValueNow = percent === undefined ? null : String(percent);
  bar.ariaValueText = `${task.status}, ${
    percent === undefined ? "progress unknown" : `${percent} %`
  }`;
  bar.classList.toggle("moving", isMoving);
  const filled = /** @type {HTMLElement} */ (bar.firstElementChild);
  filled.style.width = isMoving ? "" : `${percent ?? 0}%`;
}

/**
 * Asks the operator to confirm an irreversible action.
 *
 * @param {{ title: string, text: string, yes: string }} question
 * @returns {Promise<boolean>} True if the operator agrees.
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

/**
 * Tells the result of an action.
 *
 * @param {string} text
 */
export function notify(text) {
  $("notice").textContent = text;
}
