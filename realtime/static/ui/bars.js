/**
 * A chart of bars lying one below the other; it is a table, so nobody needs another one.
 *
 * Knows labels, sizes and texts. Knows nothing of what they mean.
 */

import { el, setAttribute, setText } from "./dom.js";
import { svg } from "./svg.js";

const LEAST = 0.012; // of the length: a little is not nothing

/** @typedef {{label: string, size: number, tone?: string, texts: string[]}} Bar  `size` of 0 to 1 */

export class Bars {
  element;
  #body = el("tbody");
  #lines = []; // {tr, label, bar, cells}

  /** @param {{caption: string, heads: string[]}} spec  `heads` of the label and of each text */
  constructor({ caption, heads }) {
    const [first, ...rest] = heads;
    const titles = [
      el("th", { scope: "col" }, first),
      el("td", { class: "bars__bar" }),
      ...rest.map((title) => el("th", { scope: "col" }, title)),
    ];
    this.element = el(
      "table",
      { class: "bars" },
      el("caption", { class: "visually-hidden" }, caption),
      el("thead", {}, el("tr", {}, ...titles)),
      this.#body,
    );
  }

  /** Show these bars; lines that stay are written in place. */
  show(bars) {
    while (this.#lines.length > bars.length) this.#lines.pop().tr.remove();
    while (this.#lines.length < bars.length) this.#lines.push(this.#line(bars[this.#lines.length]));
    bars.forEach(({ label, size, tone = "", texts }, i) => {
      const line = this.#lines[i];
      setText(line.label, label);
      const share = size > 0 ? Math.max(LEAST, Math.min(1, size)) : 0;
      setAttribute(line.bar, "width", `${(share * 100).toFixed(2)}%`);
      setAttribute(line.tr, "data-tone", tone);
      texts.forEach((text, n) => setText(line.cells[n], text));
    });
  }

  #line({ texts }) {
    const label = el("th", { scope: "row" });
    const bar = svg("rect", { height: "100%", width: "0%", rx: 2 });
    const picture = svg("svg", { "aria-hidden": "true" }, bar);
    const cells = texts.map(() => el("td"));
    const tr = el("tr", {}, label, el("td", { class: "bars__bar" }, picture), ...cells);
    this.#body.append(tr);
    return { tr, label, bar, cells };
  }
}
