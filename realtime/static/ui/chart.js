/**
 * A line chart over time: uPlot, with ranges to choose from, what the cursor points at in words, and
 * the same data as a table for who does not see it.
 *
 * Knows times, values and colours of the theme. Knows nothing of where data comes from.
 */

import uPlot from "../vendor/uplot/uPlot.esm.js";
import { el, setText } from "./dom.js";
import { onThemeChange } from "./theme-switch.js";
import { local } from "./time.js";

const TABLE_ROWS = 60; // of the data, spread over its time
export const RANGES = {
  "1h": "1 hour",
  "24h": "24 hours",
  "7d": "7 days",
  "30d": "30 days",
  "1y": "1 year",
  all: "All",
};

/** @typedef {{label: string, colour: string, format: (value: number) => string, isFilled?: boolean}} Series */

export class Chart {
  element;
  #spec;
  #plot = null;
  #frame;
  #legend;
  #note;
  #table;
  #below = el("p", { class: "chart__legend" });
  #data = [[]];
  #rest = null;
  #buttons = new Map();
  #formatX;
  #forgetTheme;
  #sizes = new ResizeObserver(() => this.#resize());

  /**
   * @param {object} spec
   * @param {string} spec.title
   * @param {Series[]} spec.series  `colour` is a token of css/tokens.css
   * @param {string[]} [spec.ranges]  keys of RANGES
   * @param {string} [spec.range]  the one chosen first
   * @param {(range: string) => void} [spec.onRange]
   * @param {string} [spec.empty]  what to say when there is nothing to draw
   * @param {{label: string, format: (x: number) => string}} [spec.x]  where x is no time
   * @param {(plot: object) => void} [spec.onDraw]  draws over the lines
   */
  constructor(spec) {
    this.#spec = spec;
    this.#formatX = spec.x?.format ?? ((seconds) => local(new Date(seconds * 1000).toISOString()));
    this.#legend = el("p", { class: "chart__legend" });
    this.#note = el("p", { class: "chart__note", role: "status" }, "Loading…");
    this.#frame = el("div", { class: "chart__frame", role: "img", "aria-label": spec.title });
    this.#table = el("details", { class: "chart__table" }, el("summary", {}, "Data as a table"));
    this.#table.addEventListener("toggle", () => this.#fillTable());
    const tools = el("div", { class: "chart__tools" }, this.#legend);
    if (spec.ranges) tools.append(this.#rangeSwitch());
    this.element = el("div", { class: "chart" }, tools, this.#frame, this.#note, this.#below, this.#table);
    this.#sizes.observe(this.#frame);
    this.#forgetTheme = onThemeChange(() => this.#make());
  }

  /** Draw these: times (s since the epoch, rising) and one list of values for each series. */
  show(times, ...values) {
    this.#data = [times, ...values];
    const isEmpty = times.length < 2;
    setText(this.#note, isEmpty ? (this.#spec.empty ?? "Nothing is recorded for this time yet.") : "");
    this.#note.hidden = !isEmpty;
    if (this.#plot) this.#plot.setData(this.#data);
    else if (!isEmpty) this.#make();
    this.#tell(null);
    this.#fillTable();
  }

  /** Say why there is nothing to draw. */
  say(text) {
    setText(this.#note, text);
    this.#note.hidden = false;
  }

  /** Say something below the lines. */
  note(text) {
    setText(this.#below, text);
  }

  redraw() {
    this.#plot?.redraw(false);
  }

  /** Let go of what outlives the element. */
  destroy() {
    this.#sizes.disconnect();
    this.#forgetTheme();
    this.#plot?.destroy();
  }

  #rangeSwitch() {
    const box = el("div", { class: "segments", role: "group", "aria-label": `Range of ${this.#spec.title}` });
    const chosen = this.#spec.range ?? this.#spec.ranges[0];
    for (const range of this.#spec.ranges) {
      const button = el(
        "button",
        { type: "button", "aria-pressed": String(range === chosen), title: RANGES[range] },
        range === "all" ? "All" : range,
      );
      button.addEventListener("click", () => {
        for (const [name, other] of this.#buttons) other.setAttribute("aria-pressed", String(name === range));
        this.#spec.onRange(range);
      });
      this.#buttons.set(range, button);
      box.append(button);
    }
    return box;
  }

  /** Return what a token of css/tokens.css is now, as a colour that a canvas takes. */
  colour(token) {
    const style = getComputedStyle(document.documentElement);
    // light-dark() is only resolved where it is used as a colour.
    const probe = el("i", { class: "visually-hidden" });
    probe.style.color = style.getPropertyValue(token).trim() || token;
    this.#frame.append(probe);
    const colour = getComputedStyle(probe).color;
    probe.remove();
    return colour;
  }

  #make() {
    if (this.#data[0].length < 2) return;
    this.#plot?.destroy();
    const [soft, line] = [this.colour("--text-soft"), this.colour("--line")];
    const axis = { stroke: soft, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif" };
    const { series, x, onDraw } = this.#spec;
    this.#plot = new uPlot(
      {
        width: Math.max(this.#frame.clientWidth, 50),
        height: Math.max(this.#frame.clientHeight, 50),
        padding: [8, 20, 0, 0],
        legend: { show: false },
        cursor: { y: false, drag: { setScale: false } },
        scales: { x: { time: !x } },
        axes: [
          { ...axis, ...(x ? { size: 26, values: (_, ticks) => ticks.map(x.format) } : { size: 38 }) },
          { ...axis, size: 64, values: (_, ticks) => ticks.map((tick) => series[0].format(tick)) },
        ],
        series: [
          {},
          ...series.map(({ label, colour, isFilled }) => {
            const stroke = this.colour(colour);
            const fill = isFilled ? stroke.replace(/^rgb\((.*)\)$/, "rgba($1, 0.1)") : undefined;
            return { label, stroke, fill, width: 1.75, spanGaps: true, points: { show: false } };
          }),
        ],
        hooks: {
          setCursor: [(plot) => this.#tell(plot.cursor.idx ?? null)],
          draw: onDraw ? [onDraw] : [],
        },
      },
      this.#data,
      this.#frame,
    );
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.#frame;
    if (this.#plot && width > 0 && height > 0) this.#plot.setSize({ width, height });
  }

  /** Say what the cursor points at, or else the newest values. */
  #tell(index) {
    const [times, ...values] = this.#data;
    const at = index ?? this.#rest ?? times.length - 1;
    if (at < 0) return this.#legend.replaceChildren();
    const parts = this.#spec.series.map(({ label, colour, format }, i) => {
      const value = values[i]?.[at];
      const key = el("span", { class: "chart__key" }, `${label} ${value === null || value === undefined ? "–" : format(value)}`);
      key.style.setProperty("--tone", `var(${colour})`);
      return key;
    });
    return this.#legend.replaceChildren(el("span", {}, this.#formatX(times[at])), ...parts);
  }

  /** Say the values at this index while nothing is pointed at, instead of the newest. */
  rest(index) {
    this.#rest = index;
    this.#tell(null);
  }

  #fillTable() {
    if (!this.#table.open) return;
    const [times, ...values] = this.#data;
    const step = Math.max(1, Math.ceil(times.length / TABLE_ROWS));
    const { series, x } = this.#spec;
    const head = [x?.label ?? "Time", ...series.map(({ label }) => label)];
    const lines = [];
    for (let i = times.length - 1; i >= 0; i -= step) {
      const cells = series.map(({ format }, n) => el("td", {}, values[n][i] == null ? "–" : format(values[n][i])));
      lines.push(el("tr", {}, el("th", { scope: "row" }, this.#formatX(times[i])), ...cells));
    }
    const table = el(
      "table",
      { class: "plain-table" },
      el("caption", { class: "visually-hidden" }, this.#spec.title),
      el("thead", {}, el("tr", {}, ...head.map((title) => el("th", { scope: "col" }, title)))),
      el("tbody", {}, ...lines),
    );
    this.#table.querySelector(".chart__scroll")?.remove();
    this.#table.append(el("div", { class: "chart__scroll", tabindex: "0", role: "region", "aria-label": this.#spec.title }, table));
  }
}
