/** One asset's row: what it shows and when it changes. Knows the page's markup, not the stream. */

import { SYSTEM_CLOCK } from "../client/clock.js";
import { assetLabel } from "../ui/asset.js";
import { el, flash, setAttribute, setText } from "../ui/dom.js";
import * as format from "../ui/format.js";
import { Series } from "../ui/series.js";
import { Sparkline } from "../ui/sparkline.js";

const ARROWS = { up: "▲", down: "▼", flat: "" };

const cell = (name, label, ...children) =>
  el("td", { role: "cell", class: `prices__${name}`, "data-label": label }, ...children);

export class PriceRow {
  row = null;
  updatedAt = 0; // by the server's clock, ms since the epoch
  series = new Series();
  #shown = null; // the price last drawn
  #updated = null; // {at, iso, isAtLeast}
  #line = null;

  constructor(symbol, name) {
    this.symbol = symbol;
    this.#build(name);
  }

  /** Take a row; a snapshot's says what is, not since when. */
  take(row, { receivedAt, timestamp, isSnapshot }) {
    const isNews = this.row === null || this.row.price !== row.price;
    if (!isSnapshot || isNews) {
      this.#updated = { at: receivedAt, iso: timestamp, isAtLeast: isSnapshot };
    }
    this.row = row;
    this.updatedAt = Date.parse(timestamp);
    this.series.push(this.updatedAt, Number(row.price));
  }

  /** Show what was taken. */
  draw() {
    const { row } = this;
    this.#drawPrice(row);
    const direction = row.change24h === null ? "flat" : format.direction(row.change24h);
    setAttribute(this.element, "data-direction", direction);
    setText(this.arrow, ARROWS[direction]);
    setText(this.change, format.change(row.change24h));
    setText(this.average, format.usd(row.twap5m));
    setText(this.confidence, format.share(row.confidence));
    setText(this.source, format.source(row.source));
    this.simulated.hidden = !row.simulated;
    this.stale.hidden = !row.stale;
    this.halted.hidden = !row.circuitBreaker;
    setAttribute(this.element, "data-frozen", String(row.stale || row.circuitBreaker));
    this.drawLine();
    this.drawAge(SYSTEM_CLOCK.now());
  }

  drawLine() {
    const summary = this.series.summary();
    if (summary === null) return;
    this.#line ??= new Sparkline(this.spark);
    this.#line.draw(this.series);
    const [first, last, low, high] = [summary.first, summary.last, summary.low, summary.high].map(
      (value) => format.usd(String(value)),
    );
    setAttribute(
      this.spark,
      "aria-label",
      `${this.symbol}, last 24 hours: from ${first} to ${last}, lowest ${low}, highest ${high}`,
    );
  }

  drawAge(now) {
    if (this.#updated === null) return;
    const { at, iso, isAtLeast } = this.#updated;
    setText(this.age, format.age(now - at, isAtLeast));
    if (this.age.dateTime !== iso) {
      this.age.dateTime = iso;
      this.age.title = format.moment(iso);
    }
  }

  recolour() {
    this.#line?.recolour();
  }

  remove() {
    this.#line?.destroy();
    this.element.remove();
  }

  #drawPrice({ price }) {
    if (this.#shown === price) return;
    setText(this.price, format.usd(price));
    this.price.title = `${price} USD`;
    if (this.#shown !== null) {
      flash(this.price, Number(price) > Number(this.#shown) ? "--up" : "--down");
    }
    this.#shown = price;
  }

  #build(name) {
    this.stale = el("span", { class: "badge badge--warn", hidden: true, title: "No valid price arrives" }, "Stale");
    this.halted = el(
      "span",
      { class: "badge badge--bad", hidden: true, title: "The circuit breaker holds the last valid price" },
      "Halted",
    );
    this.simulated = el("span", { class: "badge", hidden: true }, "Simulated");
    this.price = el("span", { class: "prices__value", "data-price": this.symbol }, format.NOTHING);
    this.arrow = el("span", { class: "arrow", "aria-hidden": "true" });
    this.change = el("span", {}, format.NOTHING);
    this.spark = el("div", { class: "spark", role: "img", "aria-label": `${this.symbol}: no history yet` });
    this.average = el("span", {}, format.NOTHING);
    this.confidence = el("span", {}, format.NOTHING);
    this.source = el("span", {}, format.NOTHING);
    this.age = el("time", { class: "age" }, format.NOTHING);
    this.element = el(
      "tr",
      { role: "row", "data-asset": this.symbol },
      el(
        "th",
        { role: "rowheader", scope: "row", class: "prices__asset" },
        assetLabel(this.symbol, name, { more: [this.stale, this.halted] }),
      ),
      cell("price", "Price", this.price),
      cell("change", "24 h", this.arrow, this.change),
      cell("spark", "Last 24 h", this.spark),
      cell("average", "5-min average", this.average),
      cell("confidence", "Confidence", this.confidence),
      cell("source", "Source", el("span", { class: "source" }, this.source, this.simulated)),
      cell("age", "Updated", this.age),
    );
  }
}
