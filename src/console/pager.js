import { make, setText } from "./dom.js";
import { formatNumber } from "./format.js";

/** The most rows of a table, for lists of any length. */
const pageRows = 50;

/** The shown page of a list. */
export class Pager {
  #page = 0;
  #nav;
  #range = make("span", { className: "range" });
  #previous;
  #next;

  /**
   * @param {HTMLElement} nav
   * @param {() => void} onTurn Called when the operator turns the page.
   */
  constructor(nav, onTurn) {
    const turn = (/** @type {number} */ step) => () => {
      this.#page += step;
      onTurn();
    };
    this.#nav = nav;
    this.#previous = make("button", { type: "button" }, "Previous");
    this.#next = make("button", { type: "button" }, "Next");
    this.#previous.addEventListener("click", turn(-1));
    this.#next.addEventListener("click", turn(1));
    nav.append(this.#previous, this.#range, this.#next);
  }

  /** Goes back to the first page. */
  reset() {
    this.#page = 0;
  }

  /**
   * Returns the items of the shown page.
   *
   * @template Item
   * @param {Item[]} list
   */
  cut(list) {
    const lastPage = Math.max(0, Math.ceil(list.length / pageRows) - 1);
    this.#page = Math.min(Math.max(0, this.#page), lastPage);
    const from = this.#page * pageRows;
    const rows = list.slice(from, from + pageRows);
    this.#nav.hidden = list.length <= pageRows;
    // `disabled` would take the focus away; `aria-disabled` keeps the focus.
    this.#previous.ariaDisabled = String(this.#page === 0);
    this.#next.ariaDisabled = String(this.#page === lastPage);
    setText(
      this.#range,
      `${formatNumber(from + 1)} to ${formatNumber(from + rows.length)} of ${
        formatNumber(list.length)
      }`,
    );
    return rows;
  }
}

/**
 * A table's rows by key. Elements of remaining rows are reused, to keep the focus.
 *
 * @template Item
 */
export class Rows {
  #body;
  #makeRow;
  /** @type {Map<string, { element: Element, update: (item: Item) => void }>} */
  #rows = new Map();

  /**
   * @param {HTMLTableElement} table
   * @param {(key: string) => { element: Element, update: (item: Item) => void }} makeRow
   */
  constructor(table, makeRow) {
    this.#body = table.tBodies[0] ?? table.createTBody();
    this.#makeRow = makeRow;
  }

  /**
   * Shows items in the given order.
   *
   * @param {Item[]} items
   * @param {(item: Item) => string} keyOf
   */
  show(items, keyOf) {
    const focused = document.activeElement;
    const stale = new Map(this.#rows);
    let place = this.#body.firstElementChild;
    for (const item of items) {
      const key = keyOf(item);
      stale.delete(key);
      let row = this.#rows.get(key);
      if (row === undefined) {
        row = this.#makeRow(key);
        this.#rows.set(key, row);
      }
      row.update(item);
      if (row.element === place) place = row.element.nextElementSibling;
      else this.#body.insertBefore(row.element, place);
    }
    for (const [key, { element }] of stale) {
      element.remove();
      this.#rows.delete(key);
    }
    // A moved row loses the focus.
    if (
      focused instanceof HTMLElement && focused !== document.activeElement &&
      this.#body.contains(focused)
    ) {
      focused.focus({ preventScroll: true });
    }
  }
}
