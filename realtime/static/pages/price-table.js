/** The table of prices: its rows, their order, and which of them want drawing on the next frame. */

import { el, perFrame } from "../ui/dom.js";
import { PriceRow } from "./price-row.js";

const ORDERS = {
  asset: (a, b) => a.symbol.localeCompare(b.symbol),
  price: (a, b) => Number(a.row.price) - Number(b.row.price),
  change: (a, b) => (a.row.change24h ?? 0) - (b.row.change24h ?? 0),
};

export class PriceTable {
  rows = new Map(); // symbol -> PriceRow
  #body;
  #names;
  #onDraw;
  #expected; // rows, as placeholders hold their room
  #dirty = new Set();
  #order = { by: "asset", isDown: false };
  #ask = perFrame(() => this.#draw());

  /** `names` are the assets' names by symbol; `onDraw` is called after each drawing. */
  constructor(table, names, onDraw) {
    this.#body = table.tBodies[0];
    this.#names = names;
    this.#onDraw = onDraw;
    this.#expected = this.#placeholders().length;
    for (const header of table.querySelectorAll("th[data-order]")) {
      header.querySelector("button").addEventListener("click", () => this.#sortBy(table, header));
    }
  }

  /** Take a row of the stream. Return true if its asset is new here. */
  take(row, meta) {
    const isNew = !this.rows.has(row.asset);
    if (isNew) this.rows.set(row.asset, new PriceRow(row.asset, this.#names[row.asset] ?? row.asset));
    this.rows.get(row.asset).take(row, meta);
    this.touch(row.asset);
    return isNew;
  }

  /** Draw this asset on the next frame. */
  touch(symbol) {
    this.#dirty.add(symbol);
    this.#ask();
  }

  remove(symbol) {
    this.rows.get(symbol)?.remove();
    this.rows.delete(symbol);
    this.#dirty.delete(symbol);
    this.#ask();
  }

  /** A snapshot is whole: nothing is loading any more. */
  settle() {
    this.#body.removeAttribute("aria-busy");
    if (this.rows.size === 0) this.say("There are no assets with a price yet.");
    else this.#ask();
  }

  /** Show a sentence in the place of rows. */
  say(text) {
    this.#body.removeAttribute("aria-busy");
    const cell = el("td", { role: "cell", colspan: "8", class: "prices__note" }, text);
    this.#body.replaceChildren(el("tr", { role: "row", "data-placeholder": true }, cell));
  }

  tick(now) {
    for (const row of this.rows.values()) row.drawAge(now);
  }

  recolour() {
    for (const row of this.rows.values()) row.recolour();
  }

  #draw() {
    const added = [...this.#dirty].filter((symbol) => !this.rows.get(symbol).element.isConnected);
    if (added.length > 0) this.#arrange();
    for (const symbol of this.#dirty) this.rows.get(symbol).draw();
    this.#dirty.clear();
    this.#makeWay();
    this.#onDraw(this.rows);
  }

  #arrange() {
    const { by, isDown } = this.#order;
    const ordered = [...this.rows.values()].sort(ORDERS[by]);
    if (isDown) ordered.reverse();
    this.#makeWay();
    this.#body.append(...ordered.map((row) => row.element), ...this.#placeholders());
  }

  #placeholders() {
    return [...this.#body.querySelectorAll("[data-placeholder]")];
  }

  /** A placeholder goes for each row that has come, and all of them once no more is to come. */
  #makeWay() {
    if (this.rows.size === 0) return;
    const isLoading = this.#body.hasAttribute("aria-busy");
    const kept = isLoading ? Math.max(0, this.#expected - this.rows.size) : 0;
    for (const placeholder of this.#placeholders().slice(kept)) placeholder.remove();
  }

  #sortBy(table, header) {
    const by = header.dataset.order;
    const isDown = this.#order.by === by ? !this.#order.isDown : by !== "asset";
    this.#order = { by, isDown };
    for (const other of table.querySelectorAll("th[data-order]")) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", isDown ? "descending" : "ascending");
    this.#arrange();
  }
}
