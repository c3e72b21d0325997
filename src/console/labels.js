import { isolated, visible } from "./foreign.js";

/** Returns the path in the URL's fragment, and the labels to filter by. */
export function readFragment() {
  const [path = "", query = ""] = location.hash.slice(1).split("?");
  return { path, labels: new URLSearchParams(query).getAll("label") };
}

/**
 * Makes a fragment for {@linkcode readFragment}.
 *
 * @param {string} path
 * @param {string[]} labels
 */
export function makeFragment(path, labels) {
  const query = new URLSearchParams(labels.map((label) => ["label", label]));
  // An empty fragment would scroll the page to its top.
  return path === "" || labels.length > 0 ? `#${path}?${query}` : `#${path}`;
}

/**
 * Adds a label to the filter, or removes the label.
 *
 * @param {string} label
 */
function toggleLabel(label) {
  const { path, labels } = readFragment();
  const others = labels.filter((each) => each !== label);
  location.hash = makeFragment(
    path,
    others.length < labels.length ? others : [...labels, label],
  );
}

/**
 * Shows a task's labels as buttons that filter by the label, pressed while the
 * filter has the label.
 *
 * @param {Element} element
 * @param {readonly string[]} labels
 * @param {readonly string[]} chosen
 */
export function showLabels(element, labels, chosen) {
  const buttons = reuseButtons(element, labels, (label) => {
    const button = makeButton(label);
    button.title = "Show only tasks with this label";
    return button;
  });
  for (const button of buttons) {
    button.ariaPressed = String(chosen.includes(button.value));
  }
}

/**
 * Shows the labels to filter by as buttons that remove the label from the filter.
 *
 * @param {Element} element
 * @param {readonly string[]} chosen
 */
export function showChosen(element, chosen) {
  reuseButtons(element, chosen, (label) => {
    const button = makeButton(label);
    button.classList.add("chosen");
    button.ariaLabel = `Remove the filter by label ${visible(label)}`;
    return button;
  });
}

/**
 * Returns the buttons of an element, made anew for other labels.
 *
 * @param {Element} element
 * @param {readonly string[]} labels
 * @param {(label: string) => HTMLButtonElement} make
 */
function reuseButtons(element, labels, make) {
  const buttons = [...element.querySelectorAll("button")];
  const isSame = buttons.length === labels.length &&
    buttons.every(({ value }, index) => value === labels[index]);
  if (isSame) return buttons;
  const made = labels.map(make);
  element.replaceChildren(...made);
  return made;
}

/** @param {string} label */
function makeButton(label) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "label";
  button.value = label;
  button.append(isolated(label));
  button.addEventListener("click", () => toggleLabel(label));
  return button;
}
