/** The order of a table where its headers are not seen (css/table.css): a column, and which way. */

import { el, setAttribute, setText } from "./dom.js";

export class OrderChoice {
  element;
  #select;
  #turn;

  /** `columns` are those that sort; `onChoose(column)` is called as if its header were pressed. */
  constructor(caption, columns, onChoose) {
    const options = columns.map(({ key, title }) => el("option", { value: key }, title));
    const none = el("option", { value: "", hidden: true }, "Sort by");
    this.#select = el("select", { class: "inline-field", "aria-label": `Sort: ${caption}` }, none, ...options);
    this.#turn = el("button", { class: "button", type: "button" });
    const choose = () => onChoose(columns.find(({ key }) => key === this.#select.value));
    this.#select.addEventListener("change", choose);
    this.#turn.addEventListener("click", choose);
    this.element = el("span", { class: "table__order" }, this.#select, this.#turn);
  }

  /** Say which order it is; null if the rows stand as they came. */
  show(order) {
    this.#select.value = order?.by ?? "";
    this.#turn.disabled = order === null;
    setText(this.#turn, order?.isDown ? "↓" : "↑");
    setAttribute(this.#turn, "aria-label", order?.isDown ? "Largest or newest first" : "Smallest or oldest first");
  }
}
