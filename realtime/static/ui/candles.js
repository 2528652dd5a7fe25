/**
 * Candles on a canvas: what the cursor points at in words, and the same data as a table.
 *
 * Knows candles {t, o, h, l, c}, numbers, oldest first, and colours of the theme. Knows no market.
 */

import { el, perFrame, setText } from "./dom.js";
import { onThemeChange } from "./theme-switch.js";
import { local } from "./time.js";

const RIGHT = 78; // px for prices
const BOTTOM = 22; // px for times
const STEP = 9; // px a candle, with its gap
const LINES = 5;
const TABLE_ROWS = 60;
const COLOURS = { up: "--up", down: "--down", text: "--text-soft", line: "--line", accent: "--accent", ground: "--surface" };

export class Candles {
  element;
  #canvas = el("canvas", { "aria-hidden": "true" });
  #frame;
  #legend = el("p", { class: "chart__legend" });
  #note = el("p", { class: "chart__note", role: "status" }, "Loading…");
  #table = el("details", { class: "chart__table" }, el("summary", {}, "Data as a table"));
  #title;
  #format;
  #candles = [];
  #colours = null;
  #pointed = null; // index of a candle
  #draw = perFrame(() => this.#paint());
  #clock;

  constructor({ title, format }) {
    this.#title = title;
    this.#format = format;
    this.#frame = el("div", { class: "chart__frame candles__frame", role: "img", "aria-label": title }, this.#canvas);
    this.element = el("div", { class: "chart candles" }, el("div", { class: "chart__tools" }, this.#legend), this.#frame, this.#note, this.#table);
    this.#table.addEventListener("toggle", () => this.#fillTable());
    this.#frame.addEventListener("pointermove", (event) => this.#point(event));
    this.#frame.addEventListener("pointerleave", () => this.#point(null));
    new ResizeObserver(this.#draw).observe(this.#frame);
    onThemeChange(() => {
      this.#colours = null;
      this.#draw();
    });
    this.#clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
  }

  /** Draw these; `isDaily` writes dates instead of times. */
  show(candles, { isDaily = false } = {}) {
    this.#candles = candles;
    if (isDaily !== this.isDaily) {
      this.isDaily = isDaily;
      const times = { hour: "2-digit", minute: "2-digit" };
      this.#clock = new Intl.DateTimeFormat(undefined, isDaily ? { month: "short", day: "numeric" } : times);
    }
    this.#note.hidden = candles.length > 0;
    if (candles.length === 0) setText(this.#note, "Nothing is recorded for this market yet.");
    this.#draw();
  }

  /** Say why there is nothing to draw. */
  say(text) {
    this.#candles = [];
    setText(this.#note, text);
    this.#note.hidden = false;
    this.#draw();
  }

  set title(text) {
    this.#title = text;
    this.#frame.setAttribute("aria-label", text);
  }

  #shown() {
    const room = Math.floor((this.#frame.clientWidth - RIGHT) / STEP);
    return this.#candles.slice(-Math.max(room, 1));
  }

  #point(event) {
    const { left } = this.#frame.getBoundingClientRect();
    const index = event === null ? null : Math.floor((event.clientX - left) / STEP);
    if (index === this.#pointed) return;
    this.#pointed = index;
    this.#draw();
  }

  /** light-dark() is only resolved where it is used as a colour. */
  #read() {
    if (this.#colours) return this.#colours;
    const probe = el("i", { class: "visually-hidden" });
    this.#frame.append(probe);
    this.#colours = {};
    for (const [name, token] of Object.entries(COLOURS)) {
      probe.style.color = `var(${token})`;
      this.#colours[name] = getComputedStyle(probe).color;
    }
    probe.remove();
    return this.#colours;
  }

  #paint() {
    const { clientWidth: width, clientHeight: height } = this.#frame;
    if (width === 0 || height === 0) return;
    const ratio = devicePixelRatio || 1;
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.#canvas.width !== w || this.#canvas.height !== h) Object.assign(this.#canvas, { width: w, height: h });
    const pen = this.#canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const shown = this.#shown();
    this.#tell(shown);
    if (shown.length === 0) return;
    const high = Math.max(...shown.map((one) => one.h));
    const low = Math.min(...shown.map((one) => one.l));
    const margin = (high - low || high * 0.001) * 0.06;
    const [top, bottom] = [high + margin, low - margin];
    const floor = height - BOTTOM;
    const y = (price) => ((top - price) / (top - bottom)) * floor;
    const colours = this.#read();
    pen.font = "11px system-ui, sans-serif";
    pen.textBaseline = "middle";
    this.#grid(pen, { width, floor, top, bottom, y, colours, shown });
    shown.forEach((one, i) => {
      const x = i * STEP + STEP / 2;
      pen.fillStyle = pen.strokeStyle = one.c >= one.o ? colours.up : colours.down;
      pen.beginPath();
      pen.moveTo(Math.round(x) + 0.5, y(one.h));
      pen.lineTo(Math.round(x) + 0.5, y(one.l));
      pen.stroke();
      const [from, to] = [y(Math.max(one.o, one.c)), y(Math.min(one.o, one.c))];
      pen.fillRect(Math.round(x) - 3, from, STEP - 2, Math.max(to - from, 1));
    });
    this.#last(pen, { width, y, colours, price: shown.at(-1).c });
    if (this.#pointed !== null && this.#pointed < shown.length) {
      pen.strokeStyle = colours.text;
      pen.setLineDash([3, 3]);
      pen.strokeRect(this.#pointed * STEP + STEP / 2 + 0.5, 0, 0, floor);
      pen.setLineDash([]);
    }
  }

  #grid(pen, { width, floor, top, bottom, y, colours, shown }) {
    pen.lineWidth = 1;
    pen.textAlign = "left";
    for (let i = 1; i < LINES; i += 1) {
      const price = bottom + ((top - bottom) * i) / LINES;
      const at = Math.round(y(price)) + 0.5;
      pen.strokeStyle = colours.line;
      pen.beginPath();
      pen.moveTo(0, at);
      pen.lineTo(width - RIGHT, at);
      pen.stroke();
      pen.fillStyle = colours.text;
      pen.fillText(this.#format(price), width - RIGHT + 8, at);
    }
    pen.textAlign = "center";
    const every = Math.max(1, Math.ceil(80 / STEP));
    for (let i = Math.floor(every / 2); i < shown.length; i += every) {
      pen.fillText(this.#clock.format(shown[i].t), i * STEP + STEP / 2, floor + BOTTOM / 2);
    }
  }

  #last(pen, { width, y, colours, price }) {
    const at = Math.round(y(price)) + 0.5;
    pen.strokeStyle = colours.accent;
    pen.setLineDash([2, 3]);
    pen.beginPath();
    pen.moveTo(0, at);
    pen.lineTo(width - RIGHT, at);
    pen.stroke();
    pen.setLineDash([]);
    pen.fillStyle = colours.accent;
    pen.fillRect(width - RIGHT + 2, at - 9, RIGHT - 2, 18);
    pen.fillStyle = colours.ground;
    pen.textAlign = "left";
    pen.fillText(this.#format(price), width - RIGHT + 8, at);
  }

  #tell(shown) {
    const one = shown[this.#pointed] ?? shown.at(-1);
    if (!one) return setText(this.#legend, "");
    const [o, h, l, c] = [one.o, one.h, one.l, one.c].map(this.#format);
    return setText(this.#legend, `${local(new Date(one.t).toISOString())}: open ${o}, high ${h}, low ${l}, close ${c}`);
  }

  #fillTable() {
    this.#table.querySelector(".chart__scroll")?.remove();
    if (!this.#table.open) return;
    const rows = this.#candles.slice(-TABLE_ROWS).reverse();
    const lines = rows.map((one) =>
      el(
        "tr",
        {},
        el("th", { scope: "row" }, local(new Date(one.t).toISOString())),
        ...[one.o, one.h, one.l, one.c].map((value) => el("td", {}, this.#format(value))),
      ),
    );
    const table = el(
      "table",
      { class: "plain-table" },
      el("caption", { class: "visually-hidden" }, this.#title),
      el("thead", {}, el("tr", {}, ...["Time", "Open", "High", "Low", "Close"].map((title) => el("th", { scope: "col" }, title)))),
      el("tbody", {}, ...lines),
    );
    this.#table.append(el("div", { class: "chart__scroll", tabindex: "0", role: "region", "aria-label": this.#title }, table));
  }
}
