/** Draws the curve of a Dutch auction with the point where it stands. The figures are `bonus.js`'s. */

import { bonusAt, corners } from "../lending/bonus.js";
import { el, setAttribute } from "./dom.js";
import * as format from "./format.js";
import { svg } from "./svg.js";

const [WIDTH, HEIGHT, ROOM] = [240, 64, 5];
const ROWS = 6; // of the table for who does not see the curve

export class BonusCurve {
  element;
  #curve = null;
  #line = svg("path", { class: "curve__line" });
  #area = svg("path", { class: "curve__area" });
  #past = svg("line", { class: "curve__now", y1: 0, y2: HEIGHT });
  #point = svg("circle", { class: "curve__point", r: 4 });
  #picture;
  #table = el("tbody");
  #word;

  /** `word` is what the curve is of: "Bonus" or "Discount". */
  constructor(word) {
    this.#word = word;
    this.#picture = svg(
      "svg",
      { class: "curve", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" },
      this.#area,
      this.#line,
      this.#past,
      this.#point,
    );
    const head = el("tr", {}, el("th", { scope: "col" }, "Seconds"), el("th", { scope: "col" }, word));
    const table = el("table", {}, el("caption", {}, `${word} over time`), el("thead", {}, head), this.#table);
    this.element = el("div", {}, this.#picture, el("div", { class: "visually-hidden" }, table));
  }

  /** Draw the curve, if it is another one. */
  show(curve) {
    const { most, clockSeconds, cap } = this.#curve ?? {};
    if (curve.most === most && curve.clockSeconds === clockSeconds && curve.cap === cap) return;
    this.#curve = curve;
    const points = corners(curve).map(([seconds, bonus]) => this.#place(seconds, bonus).join(" "));
    const [first] = this.#place(0, 0);
    const [last, bottom] = this.#place(curve.clockSeconds, 0);
    setAttribute(this.#line, "d", `M${points.join("L")}`);
    setAttribute(this.#area, "d", `M${first} ${bottom}L${points.join("L")}L${last} ${bottom}Z`);
    this.#fill();
  }

  /** Move the point to where the auction stands, and say it. */
  move(seconds) {
    const curve = this.#curve;
    const bonus = bonusAt(curve, seconds);
    const [x, y] = this.#place(Math.min(Math.max(seconds, 0), curve.clockSeconds), bonus);
    setAttribute(this.#past, "x1", String(x));
    setAttribute(this.#past, "x2", String(x));
    setAttribute(this.#point, "cx", String(x));
    setAttribute(this.#point, "cy", String(y));
    const most = format.rate(bonusAt(curve, curve.clockSeconds));
    setAttribute(this.#picture, "aria-label", `${this.#word} ${format.rate(bonus)}, at the end ${most}`);
  }

  #place(seconds, bonus) {
    const { most, clockSeconds } = this.#curve;
    const x = ROOM + (seconds / clockSeconds) * (WIDTH - 2 * ROOM);
    const y = HEIGHT - ROOM - (most === 0 ? 0 : bonus / most) * (HEIGHT - 2 * ROOM);
    return [x, y].map((value) => Math.round(value * 10) / 10);
  }

  #fill() {
    const { clockSeconds } = this.#curve;
    const rows = Array.from({ length: ROWS }, (_, i) => {
      const seconds = Math.round((i / (ROWS - 1)) * clockSeconds);
      const bonus = format.rate(bonusAt(this.#curve, seconds));
      return el("tr", {}, el("th", { scope: "row" }, String(seconds)), el("td", {}, bonus));
    });
    this.#table.replaceChildren(...rows);
  }
}
