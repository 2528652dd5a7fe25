/** The history of one market's figures: what is recorded, and what came since the page was opened. */

import { onReturn } from "../client.js";
import { persistent } from "../client/again.js";
import { get } from "../client/api.js";
import { Chart } from "../ui/chart.js";
import { el } from "../ui/dom.js";
import * as format from "../ui/format.js";

const MOST_LIVE = 720; // points kept of what came since; an hour of blocks
const LIVE_EVERY_S = 5;
const AGAIN_MS = 10 * 60_000; // what is recorded meanwhile takes the place of what came live
const usd = (value) => format.usdShort(String(value));

/** `ranges` are what the server keeps; `value` reads a recorded point, `live` a row of the stream. */
const METRICS = {
  price: { title: "Price", ranges: ["1h", "24h", "7d", "30d", "1y"], series: [["Price", "--accent", (v) => format.usd(String(v))]] },
  apy: {
    title: "APY",
    series: [["Supply APY", "--up", format.rate], ["Borrow APY", "--down", format.rate]],
    value: (point) => [point.supplyAPY, point.borrowAPY],
    live: (pool) => [pool.supplyAPY, pool.borrowAPY],
  },
  utilization: {
    title: "Utilization",
    series: [["Utilization", "--accent", format.rate]],
    value: (point) => [point.utilization],
    live: (pool) => [pool.utilization],
  },
  tvl: {
    title: "TVL",
    series: [["Supplied", "--up", usd], ["Borrowed", "--down", usd]],
    value: ({ totalSupply, totalBorrow, priceUSD }) => [totalSupply * priceUSD, totalBorrow * priceUSD],
    live: (pool, price) => [Number(pool.tvlUSD), pool.totalBorrow * price],
  },
};
const POOL_RANGES = ["1h", "24h", "7d", "30d", "all"];

export class History {
  element = el("div", { class: "chart-box" });
  buttons = [];
  #poolId;
  #asset;
  #chosen = null; // {name, range, chart}
  #recorded = [[]]; // times, then a list for each series
  #live = Object.fromEntries(Object.keys(METRICS).map((name) => [name, []])); // of {at, values}
  #price = null;
  #asked = 0;

  constructor(poolId, asset) {
    this.#poolId = poolId;
    this.#asset = asset;
    for (const [name, { title }] of Object.entries(METRICS)) {
      const button = el("button", { type: "button", "aria-pressed": String(name === "price"), "data-metric": name }, title);
      button.addEventListener("click", () => this.#choose(name));
      this.buttons.push(button);
    }
    this.#choose("price");
    setInterval(() => document.hidden || this.#load(), AGAIN_MS);
    onReturn(() => this.#load());
  }

  takePool(pool) {
    for (const [name, { live }] of Object.entries(METRICS)) {
      if (live && (name !== "tvl" || this.#price !== null)) this.#take(name, live(pool, this.#price));
    }
  }

  takePrice({ price }) {
    this.#price = Number(price);
    this.#take("price", [Number(price)]);
  }

  #take(name, values) {
    const kept = this.#live[name];
    const at = Date.now() / 1000;
    if (kept.length > 0 && at - kept.at(-1).at < LIVE_EVERY_S) kept.at(-1).values = values;
    else kept.push({ at, values });
    if (kept.length > MOST_LIVE) kept.shift();
    if (name === this.#chosen.name) this.#draw();
  }

  #choose(name) {
    for (const button of this.buttons) {
      button.setAttribute("aria-pressed", String(button.dataset.metric === name));
    }
    const { title, series, ranges = POOL_RANGES } = METRICS[name];
    const range = this.#chosen?.range && ranges.includes(this.#chosen.range) ? this.#chosen.range : "24h";
    const chart = new Chart({
      title: `${title} of ${this.#asset}`,
      series: series.map(([label, colour, write]) => ({ label, colour, format: write, isFilled: series.length === 1 })),
      ranges,
      range,
      onRange: (wanted) => {
        this.#chosen.range = wanted;
        this.#load();
      },
    });
    this.#chosen?.chart.destroy();
    this.#chosen = { name, range, chart };
    this.element.replaceChildren(chart.element);
    this.#load();
  }

  #load = persistent(
    async () => {
      const { name, range } = this.#chosen;
      this.#asked += 1;
      const asked = this.#asked;
      const columns = name === "price" ? await this.#loadPrice(range) : await this.#loadPool(name, range);
      if (asked !== this.#asked) return;
      this.#recorded = columns;
      this.#draw();
    },
    (error) => this.#chosen.chart.say(`The history cannot be shown: ${error.message}`),
  );

  async #loadPrice(period) {
    const { data } = await get(`/v1/oracle/prices/${encodeURIComponent(this.#asset)}`, { history: true, period });
    const points = data.history.filter(({ price }) => price !== null);
    // A replayed feed has a clock of its own: its newest moment is now.
    const shift = Date.now() / 1000 - Date.parse(points.at(-1)?.timestamp ?? 0) / 1000;
    return [points.map(({ timestamp }) => Date.parse(timestamp) / 1000 + shift), points.map(({ price }) => Number(price))];
  }

  async #loadPool(name, period) {
    const { data } = await get(`/v1/pools/${encodeURIComponent(this.#poolId)}/history`, { period });
    const { series, value } = METRICS[name];
    const values = data.map(value);
    return [data.map(({ timestamp }) => Date.parse(timestamp) / 1000), ...series.map((_, i) => values.map((one) => one[i]))];
  }

  #draw() {
    const { name, chart } = this.#chosen;
    const [times, ...columns] = this.#recorded;
    if (columns.length !== METRICS[name].series.length) return;
    const last = times.at(-1) ?? 0;
    const later = this.#live[name].filter(({ at }) => at > last);
    chart.show(
      [...times, ...later.map(({ at }) => at)],
      ...columns.map((column, i) => [...column, ...later.map(({ values }) => values[i])]),
    );
  }
}
