/**
 * The order book: a fixed number of lines a side, written in place, with bars for what adds up.
 *
 * A press on a price hands it over. Knows levels; knows nothing of where they come from.
 */

import { el, setAttribute, setText } from "../ui/dom.js";
import * as format from "../ui/format.js";
import { spread, withDepth } from "./orders.js";

const LINES = 11; // a side

export class Book {
  element;
  #sides;
  #middle = el("td", { colspan: "3", class: "book__spread" }, format.NOTHING);
  #onPrice;

  /** @param {{onPrice: (price: string) => void}} spec */
  constructor({ onPrice }) {
    this.#onPrice = onPrice;
    const make = () => Array.from({ length: LINES }, () => this.#line());
    this.#sides = { bids: make(), asks: make() };
    const body = (lines, side) => el("tbody", { "data-side": side }, ...lines.map(({ tr }) => tr));
    this.element = el(
      "table",
      { class: "book" },
      el("caption", { class: "visually-hidden" }, "Order book"),
      el("thead", {}, el("tr", {}, ...["Price", "Size", "Total"].map((title) => el("th", { scope: "col" }, title)))),
      body([...this.#sides.asks].reverse(), "asks"),
      el("tbody", {}, el("tr", {}, this.#middle)),
      body(this.#sides.bids, "bids"),
    );
  }

  /** Show [bids, asks], each best first. */
  show([bids, asks]) {
    this.#write(this.#sides.bids, withDepth(bids, LINES));
    this.#write(this.#sides.asks, withDepth(asks, LINES));
    const between = spread([bids, asks]);
    const text = between ? `Spread ${between.absolute} (${format.rate(between.fraction)})` : "No spread: one side is empty";
    setText(this.#middle, text);
  }

  /** Say that the book cannot be had. */
  fail(text) {
    this.show([[], []]);
    setText(this.#middle, text);
  }

  #line() {
    const price = el("button", { type: "button", class: "book__price" });
    price.addEventListener("click", () => price.textContent && this.#onPrice(price.dataset.price));
    const [size, total] = [el("td"), el("td")];
    return { tr: el("tr", {}, el("td", {}, price), size, total), price, size, total };
  }

  #write(lines, levels) {
    lines.forEach((line, i) => {
      const level = levels[i];
      setText(line.price, level ? level.px : "");
      setText(line.size, level ? level.sz : "");
      setText(line.total, level ? level.total : "");
      setAttribute(line.price, "data-price", level ? level.px : "");
      line.price.disabled = !level;
      setAttribute(line.price, "aria-label", level ? `${level.px}: use as the price` : "No level");
      line.tr.style.setProperty("--share", level ? `${Math.round(level.share * 100)}%` : "0%");
    });
  }
}
