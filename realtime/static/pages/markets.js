/** The markets: every pool with its price, its yields and how much of it is lent, live. */

import { isSignedIn, onReturn } from "../client.js";
import { follow } from "../client/follow.js";
import { assetLabel } from "../ui/asset.js";
import { showAgeOf } from "../ui/connection.js";
import * as decimal from "../ui/decimal.js";
import { el, flash, pageData, perFrame, setAttribute, setText } from "../ui/dom.js";
import * as format from "../ui/format.js";
import { Histories } from "../ui/histories.js";
import { Meter } from "../ui/meter.js";
import { Series } from "../ui/series.js";
import "../ui/shell.js";
import { Sparkline } from "../ui/sparkline.js";
import { Table } from "../ui/table.js";
import { onThemeChange } from "../ui/theme-switch.js";
import { FrozenWatch } from "./frozen-watch.js";
import { marketOf, totals } from "./market-figures.js";
import { openSupply } from "./supply-dialog.js";

const HISTORY_OLD_MS = 30 * 60_000; // a gap after which a line is asked for anew

const names = pageData("asset-names");
const total = Object.fromEntries(
  [...document.querySelectorAll("[data-total]")].map((node) => [node.dataset.total, node]),
);

/** What a row of the table keeps between drawings: its line, its meter, the price last shown. */
class Parts {
  series = new Series();
  meter = new Meter();
  shown = null;
  line = null;
  label;
  price = el("span", { class: "markets__value" }, format.NOTHING);
  change = el("small", { class: "tone" });
  spark;
  actions;

  constructor(pool) {
    const { asset } = pool;
    this.paused = el("span", { class: "badge badge--warn", hidden: true }, "Paused");
    this.frozen = el("span", { class: "badge badge--bad", hidden: true }, "Frozen");
    this.label = assetLabel(asset, names[asset] ?? asset, {
      href: `/markets/${encodeURIComponent(asset)}`,
      more: [this.paused, this.frozen],
    });
    this.price.dataset.price = asset;
    this.priceBox = el("div", {}, this.price, this.change);
    this.spark = el("div", { class: "spark", role: "img", "aria-label": `${asset}: no history yet` });
    const supply = el("button", { class: "button button--small button--main", type: "button" }, "Supply");
    supply.append(el("span", { class: "visually-hidden" }, ` ${asset}`));
    supply.addEventListener("click", () => openSupply(pool.poolId, asset));
    const borrow = el("a", { class: "button button--small", href: `/borrow?asset=${encodeURIComponent(asset)}` }, "Borrow");
    borrow.append(el("span", { class: "visually-hidden" }, ` ${asset}`));
    this.actions = el("span", { class: "table__actions" }, ...(isSignedIn ? [supply, borrow] : []));
  }

  drawPrice({ price, change24h }) {
    if (this.shown !== price) {
      setText(this.price, format.usd(price));
      if (this.shown !== null) flash(this.price, Number(price) > Number(this.shown) ? "--up" : "--down");
      this.shown = price;
    }
    setText(this.change, format.change(change24h));
    setAttribute(this.change, "data-direction", format.direction(change24h));
    return this.priceBox;
  }

  drawLine(asset) {
    const summary = this.series.summary();
    if (summary === null || !this.spark.isConnected) return;
    this.line ??= new Sparkline(this.spark);
    this.line.draw(this.series);
    const [first, last] = [summary.first, summary.last].map((value) => format.usd(String(value)));
    setAttribute(this.spark, "aria-label", `${asset}, last 24 hours: from ${first} to ${last}`);
  }
}

const parts = new Map(); // pool id -> Parts
const frozen = new FrozenWatch(() => rows().forEach((row) => frozen.mark(partsOf(row).frozen, row)));

function partsOf(row) {
  if (!parts.has(row.poolId)) parts.set(row.poolId, new Parts(row));
  return parts.get(row.poolId);
}

const pair = (text, usd) => el("div", {}, text, el("small", {}, format.usdShort(usd)));

const table = new Table({
  caption: "All markets",
  className: "markets",
  key: (row) => row.poolId,
  order: { by: "supplied", isDown: true },
  filter: true,
  csv: "markets.csv",
  expected: 6,
  tools: document.querySelector("[data-markets-tools]"),
  empty: "No market is open yet.",
  columns: [
    {
      key: "asset",
      title: "Asset",
      sort: (row) => row.asset,
      csv: (row) => row.asset,
      cell: (row) => {
        const own = partsOf(row);
        own.paused.hidden = row.isActive && !row.supplyPaused && !row.borrowPaused && !row.protocolPaused;
        frozen.mark(own.frozen, row);
        return own.label;
      },
    },
    {
      key: "price",
      title: "Price",
      sort: (row) => Number(row.price),
      csv: (row) => row.price,
      cell: (row) => partsOf(row).drawPrice(row),
    },
    {
      key: "spark",
      title: "Last 24 h",
      cell: (row) => {
        const { spark } = partsOf(row);
        setAttribute(spark, "data-direction", format.direction(row.change24h));
        return spark;
      },
    },
    {
      key: "supplied",
      title: "Supplied",
      sort: (row) => Number(row.tvlUSD),
      csv: (row) => row.totalSupply,
      cell: (row) => pair(format.amountShort(row.totalSupply), row.tvlUSD),
    },
    {
      key: "supply-apy",
      title: "Supply APY",
      sort: (row) => row.supplyAPY,
      csv: (row) => row.supplyAPY,
      cell: (row) => el("span", { class: "markets__earn" }, format.rate(row.supplyAPY)),
    },
    {
      key: "borrowed",
      title: "Borrowed",
      sort: (row) => Number(row.borrowUSD),
      csv: (row) => row.totalBorrow,
      cell: (row) => pair(format.amountShort(row.totalBorrow), row.borrowUSD),
    },
    {
      key: "borrow-apy",
      title: "Borrow APY",
      hint: "Before the discount of a credit tier",
      sort: (row) => row.borrowAPY,
      csv: (row) => row.borrowAPY,
      cell: (row) => format.rate(row.borrowAPY),
    },
    {
      key: "utilization",
      title: "Utilization",
      sort: (row) => row.utilization,
      csv: (row) => row.utilization,
      cell: (row) => partsOf(row).meter.show(row.utilization),
    },
    ...(isSignedIn
      ? [{ key: "actions-cell", title: "", cell: (row) => partsOf(row).actions }]
      : []),
  ],
});
document.querySelector("[data-markets]").append(table.element);

const say = ({ phase, message }) => {
  if (phase === "refused") table.fail(`The markets cannot be shown: ${message}`, () => location.reload());
};
const pools = follow("pools", { rest: "/v1/pools?limit=100", onState: say });
const prices = follow("prices", { rest: "/v1/oracle/prices", onState: say });
const shown = new Map(); // pool id -> {pool, price, row}

/** Return the rows of the table; one that did not change is the same object as before. */
function rows() {
  return pools.all().map((pool) => {
    const price = prices.get(pool.asset);
    const before = shown.get(pool.poolId);
    if (before?.pool === pool && before.price === price) return before.row;
    const row = marketOf(pool, price);
    shown.set(pool.poolId, { pool, price, row });
    return row;
  });
}

const draw = perFrame(() => {
  if (!pools.isReady || !prices.isReady) return;
  const all = rows();
  frozen.see(all);
  table.show(all);
  const sums = totals(all);
  setText(total.supplied, format.usdShort(sums.supplied));
  setText(total.borrowed, format.usdShort(sums.borrowed));
  setText(total.available, format.usdShort(decimal.max(decimal.subtract(sums.supplied, sums.borrowed), "0")));
  setText(total.utilization, format.rate(sums.utilization));
  document.querySelector("[data-simulated]").hidden = !all.some((row) => row.simulated);
  for (const row of all) partsOf(row).drawLine(row.asset);
});

const histories = new Histories((symbol, history) => {
  for (const row of rows().filter(({ asset }) => asset === symbol)) {
    partsOf(row).series.load(history, Date.now());
  }
  draw();
});
const asked = new Set();

pools.onChange((keys) => {
  for (const key of keys) {
    const asset = pools.get(key)?.asset;
    if (asset && !asked.has(asset)) {
      asked.add(asset);
      histories.want(asset);
    }
  }
  draw();
});
prices.onChange((keys) => {
  for (const pool of pools.all()) {
    const price = keys.has(pool.asset) && prices.get(pool.asset);
    if (price) partsOf(pool).series.push(Date.now(), Number(price.price));
  }
  draw();
});
onReturn((awayMs) => awayMs > HISTORY_OLD_MS && histories.want(...asked));
showAgeOf("prices");
onThemeChange(() => {
  for (const { line } of parts.values()) line?.recolour();
});
