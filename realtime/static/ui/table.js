/**
 * A table of keyed rows: sorted by its headers, narrowed by a box, written as CSV, updated in place.
 *
 * On a narrow screen each row is a card (css/table.css), so every cell carries its column's title.
 * Knows columns and rows. Knows nothing of where rows come from.
 */

import { csv, download } from "./csv.js";
import { el, setAttribute, setText } from "./dom.js";
import { OrderChoice } from "./order-choice.js";

const SKELETONS = 2; // rows shown while loading, unless more are expected; as high as a note

/**
 * @typedef {object} Column
 * @property {string} key
 * @property {string} title  what the header says; "" for a column of buttons
 * @property {(row: object, td: HTMLElement) => (string|Node|undefined)} cell  text or node; undefined
 *   if it has written into `td` itself
 * @property {(row: object) => (number|string)} [sort]  makes the column sortable
 * @property {(row: object) => *} [csv]  what a file says; without it the column is left out
 * @property {"start"|"end"} [align]  "end" (numbers) unless said otherwise; the first column starts
 * @property {string} [hint]  title of the header
 */

export class Table {
  /** The element to put into the page. */
  element;
  #spec;
  #columns;
  #body;
  #tools;
  #foot;
  #table;
  #lines = new Map(); // key -> {tr, cells, row}
  #order;
  #needle = "";
  #headers = new Map();
  #none = el("p", { class: "table__none", role: "status" });
  #export = null;
  #choice = null;

  /**
   * @param {object} spec
   * @param {string} spec.caption  names the table for those who do not see it
   * @param {Column[]} spec.columns  the first one names its row
   * @param {(row: object) => string} spec.key
   * @param {{by: string, isDown: boolean}} [spec.order]
   * @param {number} [spec.expected]  about how many rows will come
   * @param {string|Node} [spec.empty]  what to do when there is nothing
   * @param {boolean} [spec.filter]  with a box that narrows the rows
   * @param {string} [spec.csv]  name of the file, with a button for it
   * @param {HTMLElement} [spec.tools]  where box and button go; above the table unless said
   * @param {(row: object, tr: HTMLElement) => void} [spec.onRow]  marks a row after each drawing
   * @param {string} [spec.className]
   */
  constructor(spec) {
    this.#spec = spec;
    this.#columns = spec.columns;
    this.#order = spec.order ?? null;
    this.#build();
    this.loading();
  }

  /** Show skeletons. */
  loading() {
    this.#lines.clear();
    this.#body.setAttribute("aria-busy", "true");
    const skeleton = () =>
      el(
        "tr",
        { role: "row", "aria-hidden": "true" },
        ...this.#columns.map((column, i) =>
          el("td", this.#cellProps(column, i), el("span", { class: "skeleton" })),
        ),
      );
    this.#body.replaceChildren(...Array.from({ length: this.#spec.expected ?? SKELETONS }, skeleton));
    this.#narrow();
  }

  /** Show these rows and no others; rows that are the same objects are not drawn again. */
  show(rows) {
    this.#body.removeAttribute("aria-busy");
    const wanted = new Set();
    let isNew = this.#body.firstChild !== null && this.#lines.size === 0;
    for (const row of rows) {
      const key = this.#spec.key(row);
      wanted.add(key);
      if (!this.#lines.has(key)) isNew = true;
      this.#draw(key, row);
    }
    for (const [key, line] of [...this.#lines]) {
      if (wanted.has(key)) continue;
      line.tr.remove();
      this.#lines.delete(key);
    }
    if (this.#lines.size === 0) this.#say(this.#spec.empty ?? "There is nothing here yet.");
    else this.#arrange(isNew);
  }

  /** Say that the rows could not be had; `retry` is called by a button. */
  fail(message, retry = null) {
    this.#lines.clear();
    this.#body.removeAttribute("aria-busy");
    const text = el("p", { role: "alert" }, message);
    const again = el("button", { class: "button", type: "button" }, "Try again");
    again.addEventListener("click", () => {
      this.loading();
      retry();
    });
    this.#say(retry ? el("div", { class: "note" }, text, again) : text);
  }

  /** Offer more rows: `load` is called by a button below the table; null if there are none. */
  more(load, problem = "") {
    if (load === null) return this.#foot.replaceChildren();
    const button = el("button", { class: "button", type: "button" }, problem ? "Try again" : "Load more");
    button.addEventListener("click", async () => {
      button.disabled = true;
      setText(button, "Loading…");
      await load();
    });
    const said = problem ? [el("p", { role: "alert" }, problem)] : [];
    return this.#foot.replaceChildren(...said, button);
  }

  /** Return the element of a row, or undefined. */
  line(key) {
    return this.#lines.get(key)?.tr;
  }

  // --- building ----------------------------------------------------------------------------------------
  #build() {
    const { caption, filter, csv: name, className = "" } = this.#spec;
    const heads = this.#columns.map((column, i) => this.#header(column, i));
    this.#body = el("tbody", { role: "rowgroup" });
    this.#table = el(
      "table",
      { class: `table ${className}`.trim(), role: "table" },
      el("caption", { class: "visually-hidden" }, caption),
      el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ...heads)),
      this.#body,
    );
    this.#tools = el("div", { class: "table__tools" });
    if (filter) this.#tools.append(this.#filterBox(caption));
    const sortable = this.#columns.filter((column) => column.sort);
    if ((filter || name) && sortable.length > 1) {
      this.#choice = new OrderChoice(caption, sortable, (column) => this.#sortBy(column));
      this.#tools.append(this.#choice.element);
    }
    if (name) {
      this.#export = el("button", { class: "button", type: "button", disabled: true }, "Export CSV");
      this.#export.addEventListener("click", () => download(name, this.csv()));
      this.#tools.append(this.#export);
    }
    this.#foot = el("div", { class: "table__foot" });
    const frame = el("div", { class: "table__frame" }, this.#table, this.#none);
    const above = (filter || name) && !this.#spec.tools ? [this.#tools] : [];
    this.#spec.tools?.append(this.#tools);
    this.#mark();
    this.element = el("div", { class: "table__box" }, ...above, frame, this.#foot);
  }

  #cellProps(column, i) {
    const align = column.align ?? (i === 0 ? "start" : "end");
    return { role: "cell", class: `table__${column.key}`, "data-align": align, "data-label": column.title };
  }

  #header(column, i) {
    const { align = i === 0 ? "start" : "end", title, hint } = column;
    const props = { role: "columnheader", scope: "col", "data-align": align, title: hint, class: `table__${column.key}` };
    if (!column.sort) {
      const text = title === "" ? el("span", { class: "visually-hidden" }, "Actions") : title;
      return el("th", props, text);
    }
    const button = el("button", { class: "sort", type: "button" }, title);
    const header = el("th", props, button);
    button.addEventListener("click", () => this.#sortBy(column));
    this.#headers.set(column.key, header);
    return header;
  }

  /** Say which order it is. */
  #mark() {
    const way = this.#order?.isDown ? "descending" : "ascending";
    for (const [key, header] of this.#headers) {
      if (key === this.#order?.by) setAttribute(header, "aria-sort", way);
      else header.removeAttribute("aria-sort");
    }
    this.#choice?.show(this.#order);
  }

  #filterBox(caption) {
    const input = el("input", { type: "search", placeholder: "Filter", "aria-label": `Filter: ${caption}` });
    input.addEventListener("input", () => {
      this.#needle = input.value.trim().toLowerCase();
      this.#narrow();
    });
    return input;
  }

  // --- drawing -----------------------------------------------------------------------------------------
  #draw(key, row) {
    let line = this.#lines.get(key);
    if (line?.row === row) return;
    if (!line) {
      const cells = this.#columns.map((column, i) => {
        const props = this.#cellProps(column, i);
        return i === 0 ? el("th", { ...props, role: "rowheader", scope: "row" }) : el("td", props);
      });
      line = { tr: el("tr", { role: "row", "data-key": key }, ...cells), cells, row: null };
      this.#lines.set(key, line);
    }
    line.row = row;
    this.#columns.forEach((column, i) => fill(line.cells[i], column.cell(row, line.cells[i])));
    this.#spec.onRow?.(row, line.tr);
  }

  #say(content) {
    const cell = el("td", { role: "cell", colspan: String(this.#columns.length), class: "table__note" });
    cell.append(content);
    this.#body.replaceChildren(el("tr", { role: "row" }, cell));
    this.#narrow();
  }

  /** Put the rows in order; a live table does not move under the reader's hand. */
  #arrange(isForced) {
    const shown = this.#ordered().map((line) => line.tr);
    const isInOrder = shown.every((tr, i) => this.#body.children[i] === tr);
    const isInUse = () => this.#table.matches(":hover, :focus-within");
    if (!isInOrder && (isForced || !isInUse())) this.#body.replaceChildren(...shown);
    this.#narrow();
  }

  #ordered() {
    const lines = [...this.#lines.values()];
    const column = this.#order && this.#columns.find(({ key }) => key === this.#order.by);
    if (!column) return lines;
    const turn = this.#order.isDown ? -1 : 1;
    return lines
      .map((line) => ({ line, value: column.sort(line.row) }))
      .sort((a, b) => turn * ordered(a.value, b.value))
      .map(({ line }) => line);
  }

  #sortBy(column) {
    const isSame = this.#order?.by === column.key;
    const first = [...this.#lines.values()][0];
    const isText = first !== undefined && typeof column.sort(first.row) === "string";
    this.#order = { by: column.key, isDown: isSame ? !this.#order.isDown : !isText };
    this.#mark();
    if (this.#lines.size > 0) this.#arrange(true);
  }

  #narrow() {
    let shown = 0;
    for (const { tr } of this.#lines.values()) {
      const isWanted = !this.#needle || tr.textContent.toLowerCase().includes(this.#needle);
      tr.hidden = !isWanted;
      if (isWanted) shown += 1;
    }
    const isNothing = shown === 0 && this.#lines.size > 0;
    setText(this.#none, isNothing ? `Nothing here matches “${this.#needle}”. Clear the filter to see all.` : "");
    if (this.#export) this.#export.disabled = shown === 0;
  }

  /** Return the rows as the text of a file, in the order shown. */
  csv() {
    const columns = this.#columns.filter((column) => column.csv);
    const lines = this.#ordered().filter(({ tr }) => !tr.hidden);
    return csv([
      columns.map((column) => column.title || column.key),
      ...lines.map(({ row }) => columns.map((column) => column.csv(row))),
    ]);
  }
}

function ordered(a, b) {
  if (a === b) return 0;
  if (a === null || a === undefined) return 1;
  if (b === null || b === undefined) return -1;
  return typeof a === "string" ? a.localeCompare(b) : a - b;
}

function fill(cell, content) {
  if (content === undefined) return;
  if (content instanceof Node) {
    if (cell.firstChild !== content || cell.childNodes.length !== 1) cell.replaceChildren(content);
  } else if (cell.childElementCount > 0) cell.replaceChildren(content);
  else setText(cell, content);
}

/** Keep a table showing Rows: `pick` may leave rows out or add what the table shows. */
export function bind(table, rows, pick = (all) => all) {
  return rows.onChange(() => {
    if (rows.isReady) table.show(pick(rows.all()));
  });
}
