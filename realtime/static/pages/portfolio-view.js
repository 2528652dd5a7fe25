/** The portfolio's line, its worth now and its profit of a day; made of the statement and of prices. */

import { persistent } from "../client/again.js";
import { get, getText } from "../client/api.js";
import { Chart } from "../ui/chart.js";
import { setAttribute, setText } from "../ui/dom.js";
import * as format from "../ui/format.js";
import * as portfolio from "./portfolio.js";

const AGAIN_MS = 2_000; // after a change of the account's own, before the statement is read again
const RELOAD_MS = 10 * 60_000; // the line moves on with the clock
const DAY_MS = 24 * 3_600_000;

export class PortfolioView {
  element;
  #worth;
  #profit;
  #chart;
  #range = "24h";
  #entries = null;
  #accrued = [];
  #line = [[], []];
  #dayAgo = new Map(); // asset -> price
  #prices;
  #timer = null;
  #asked = 0;

  /** `prices` are the Rows of prices; `worth` and `profit` the elements that say the two figures. */
  constructor({ prices, worth, profit }) {
    this.#prices = prices;
    this.#worth = worth;
    this.#profit = profit;
    this.#chart = new Chart({
      title: "Portfolio",
      series: [{ label: "Worth", colour: "--accent", format: (v) => format.usdShort(String(v)), isFilled: true }],
      ranges: ["1h", "24h", "7d", "30d", "1y"],
      range: this.#range,
      empty: "There is no entry in your statement yet. Take test money or make a deposit, and its worth is drawn here.",
      onRange: (range) => {
        this.#range = range;
        if (this.#entries !== null) this.#drawLine();
      },
    });
    this.element = this.#chart.element;
    setInterval(() => document.hidden || this.load(), RELOAD_MS);
  }

  /** The account has changed: read the statement again, soon. */
  changed() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.load(), AGAIN_MS);
  }

  /** Read the statement and the prices of what is held. */
  load = persistent(
    async () => {
      const [csv, { accrued }] = await Promise.all([
        getText("/v1/user/statement?format=csv"),
        get("/v1/user/statement", { limit: 1 }),
      ]);
      this.#entries = portfolio.entriesOf(csv);
      this.#accrued = accrued;
      const day = await this.#histories("24h");
      this.#dayAgo = new Map([...day].map(([asset, points]) => [asset, points[0]?.price ?? null]));
      await this.#loadLine();
    },
    (error) => this.#chart.say(`The portfolio cannot be shown: ${error.message}`),
  );

  #drawLine = persistent(
    () => this.#loadLine(),
    (error) => this.#chart.say(`The history cannot be shown: ${error.message}`),
  );

  /** Return the prices of everything that was ever held. */
  async #histories(period) {
    const assets = [...portfolio.holdings(this.#entries).keys()];
    const found = await Promise.all(
      assets.map((asset) =>
        get(`/v1/oracle/prices/${encodeURIComponent(asset)}`, { history: true, period }).then(({ data }) => [
          asset,
          data.history.map(({ timestamp, price }) => ({ at: Date.parse(timestamp), price: price === null ? null : Number(price) })),
        ]),
      ),
    );
    return new Map(found);
  }

  async #loadLine() {
    this.#asked += 1;
    const asked = this.#asked;
    const line = portfolio.over(this.#entries, await this.#histories(this.#range));
    if (asked !== this.#asked) return;
    const first = line[1].findIndex((value) => value !== null);
    this.#line = first < 0 ? [[], []] : line.map((column) => column.slice(first));
    this.draw();
  }

  /** Draw the line to its live end, and the two figures. */
  draw() {
    if (this.#entries === null) return;
    const held = portfolio.holdings(this.#entries);
    for (const { asset, amount } of this.#accrued) held.set(asset, (held.get(asset) ?? 0) + Number(amount));
    const priceOf = (asset) => {
      const row = this.#prices.get(asset);
      return row ? Number(row.price) : null;
    };
    const now = held.size === 0 ? null : portfolio.worth(held, priceOf);
    const [times, values] = this.#line;
    if (now === null) this.#chart.show(times, values);
    else this.#chart.show([...times, Math.max(Date.now() / 1000, times.at(-1) ?? 0)], [...values, now]);
    setText(this.#worth, now === null ? format.NOTHING : format.usd(String(now)));
    this.#drawProfit(now, priceOf);
  }

  #drawProfit(now, priceOf) {
    const since = Date.now() - DAY_MS;
    const before = portfolio.worth(portfolio.holdings(this.#entries, since), (asset) => this.#dayAgo.get(asset));
    const flows = portfolio.flowsSince(this.#entries, since, priceOf);
    const profit = now === null || before === null || flows === null ? null : now - before - flows;
    setText(this.#profit, profit === null ? format.NOTHING : format.signedUsd(profit));
    setAttribute(this.#profit, "data-direction", !profit ? "flat" : profit > 0 ? "up" : "down");
  }
}
