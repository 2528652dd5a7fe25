/** A small line without axes. It takes its colour from its element's `color`, so from CSS. */

import uPlot from "../vendor/uplot/uPlot.esm.js";

const HIDDEN = { show: false };

const resized = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) sparklines.get(target)?.resize(contentRect);
});
const sparklines = new WeakMap(); // element -> sparkline

/** Keep a flat line in the middle and a moving one off the edges. */
function range(_, low, high) {
  const room = (high - low) * 0.08 || Math.abs(high) * 0.01 || 1;
  return [low - room, high + room];
}

export class Sparkline {
  #plot;
  #element;
  #colour = "";

  constructor(element) {
    this.#element = element;
    this.#plot = new uPlot(
      {
        width: Math.max(element.clientWidth, 10),
        height: Math.max(element.clientHeight, 10),
        padding: [2, 2, 2, 2],
        cursor: HIDDEN,
        legend: HIDDEN,
        select: HIDDEN,
        axes: [HIDDEN, HIDDEN],
        scales: { x: { time: false }, y: { range } },
        series: [{}, { stroke: () => this.#colour, width: 1.5, points: HIDDEN }],
      },
      [[], []],
      element,
    );
    sparklines.set(element, this);
    resized.observe(element);
  }

  /** Draw the series. */
  draw({ times, values }) {
    this.#colour = getComputedStyle(this.#element).color;
    this.#plot.setData([times, values]);
  }

  resize({ width, height }) {
    if (width > 0 && height > 0) this.#plot.setSize({ width, height });
  }

  /** Take the colour anew, after a change of theme. */
  recolour() {
    this.#colour = getComputedStyle(this.#element).color;
    this.#plot.redraw();
  }

  destroy() {
    resized.unobserve(this.#element);
    this.#plot.destroy();
  }
}
