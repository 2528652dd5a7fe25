/** The rate curve of a market: yields over utilization, with the kink and the present point. */

import { Chart } from "../ui/chart.js";
import * as format from "../ui/format.js";

export class Curve {
  element;
  #chart;
  #kink = null;
  #now = null;
  #points = [];

  constructor() {
    this.#chart = new Chart({
      title: "Yields over utilization",
      x: { label: "Utilization", format: (value) => format.share(value) },
      series: [
        { label: "Borrow APY", colour: "--down", format: format.rate },
        { label: "Supply APY", colour: "--up", format: format.rate },
      ],
      onDraw: (plot) => this.#marks(plot),
    });
    this.element = this.#chart.element;
  }

  /** Show the answer of the rate curve's address. */
  show({ curve, model, currentUtilization }) {
    this.#points = curve;
    this.#kink = model.kink;
    this.#now ??= currentUtilization;
    this.#chart.show(
      curve.map(({ utilization }) => utilization),
      curve.map(({ borrowAPY }) => borrowAPY),
      curve.map(({ supplyAPY }) => supplyAPY),
    );
    this.#tell();
  }

  #tell() {
    this.#chart.rest(Math.round(this.#now * (this.#points.length - 1)));
    this.#chart.note(`Kink at ${format.share(this.#kink)}; now at ${format.rate(this.#now)}.`);
  }

  /** Move the present point. */
  mark(utilization) {
    if (this.#now === utilization) return;
    this.#now = utilization;
    if (this.#points.length === 0) return;
    this.#chart.redraw();
    this.#tell();
  }

  say(text) {
    this.#chart.say(text);
  }

  #marks(plot) {
    const { ctx, bbox } = plot;
    const line = (x, colour, dash, text) => {
      const left = Math.round(plot.valToPos(x, "x", true));
      ctx.save();
      ctx.strokeStyle = ctx.fillStyle = colour;
      ctx.lineWidth = devicePixelRatio;
      ctx.setLineDash(dash);
      ctx.beginPath();
      ctx.moveTo(left, bbox.top);
      ctx.lineTo(left, bbox.top + bbox.height);
      ctx.stroke();
      ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
      ctx.textAlign = left > bbox.left + bbox.width * 0.8 ? "right" : "left";
      const gap = (ctx.textAlign === "left" ? 5 : -5) * devicePixelRatio;
      ctx.fillText(text, left + gap, bbox.top + (text === "Kink" ? 12 : 28) * devicePixelRatio);
      ctx.restore();
      return left;
    };
    const [soft, accent] = ["--text-soft", "--accent"].map((token) => this.#chart.colour(token));
    line(this.#kink, soft, [4, 4], "Kink");
    const left = line(this.#now, accent, [], "Now");
    const nearest = this.#points[Math.round(this.#now * (this.#points.length - 1))];
    ctx.save();
    ctx.fillStyle = accent;
    for (const value of [nearest.borrowAPY, nearest.supplyAPY]) {
      ctx.beginPath();
      ctx.arc(left, plot.valToPos(value, "y", true), 4 * devicePixelRatio, 0, 2 * Math.PI);
      ctx.fill();
    }
    ctx.restore();
  }
}
