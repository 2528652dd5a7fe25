/** One market: its figures, their history, the rate curve, the terms, and what happens in it, live. */

import { isSignedIn } from "../client.js";
import { get } from "../client/api.js";
import { follow } from "../client/follow.js";
import { assetLabel } from "../ui/asset.js";
import { showAgeOf } from "../ui/connection.js";
import { el, flash, pageData, perFrame, setAttribute, setText } from "../ui/dom.js";
import * as format from "../ui/format.js";
import "../ui/shell.js";
import { FrozenWatch } from "./frozen-watch.js";
import { Curve } from "./market-curve.js";
import { Feed } from "./market-feed.js";
import { marketOf } from "./market-figures.js";
import { History } from "./market-history.js";
import { termsOf } from "./market-terms.js";
import { openSupply, openWithdraw } from "./supply-dialog.js";

const names = pageData("asset-names");
const { poolId, asset } = pageData("pool");
const at = (name) => document.querySelector(`[data-${name}]`);
const stats = Object.fromEntries(
  [...document.querySelectorAll("[data-stat]")].map((node) => [node.dataset.stat, node]),
);

const history = new History(poolId, asset);
at("history").append(history.element);
at("metrics").append(...history.buttons);
const curve = new Curve();
at("curve").append(curve.element);
const feed = new Feed(asset, at("feed-tools"));
at("feed").append(feed.element);
at("title").replaceChildren(assetLabel(asset, names[asset] ?? asset));

const pools = follow("pools", {
  params: { pools: [poolId] },
  rest: "/v1/pools?limit=100",
  onRow: (row, meta) => row.poolId === poolId && feed.take(row, meta),
});
const prices = follow("prices", { params: { assets: [asset] }, rest: `/v1/oracle/prices?assets=${encodeURIComponent(asset)}` });

const FROZEN_MEANS = "Until then nobody borrows with it or takes collateral out; repaying and adding collateral stay open.";
const frozen = new FrozenWatch(() => draw());
let shownPrice = null;

function drawPrice(row) {
  const node = at(`price="${asset}"`);
  setText(node, format.usd(row.price));
  if (shownPrice !== null && shownPrice !== row.price) {
    flash(node, Number(row.price) > Number(shownPrice) ? "--up" : "--down");
  }
  shownPrice = row.price;
  setText(at("change"), `${format.change(row.change24h)} in 24 h`);
  setAttribute(at("change"), "data-direction", format.direction(row.change24h));
  at("simulated").hidden = !row.simulated;
  frozen.see([row]);
  frozen.mark(at("frozen"), row);
  const why = frozen.why(row);
  setText(at("frozen-why"), why && `${asset} is frozen. ${why} ${FROZEN_MEANS}`);
  at("frozen-why").hidden = why === "";
}

const draw = perFrame(() => {
  const [pool, price] = [pools.get(poolId), prices.get(asset)];
  if (price) drawPrice(price);
  if (!pool) return;
  const row = marketOf(pool, price);
  setText(stats.supplied, format.amountShort(row.totalSupply));
  setText(stats.suppliedUSD, format.usdShort(row.tvlUSD));
  setText(stats.borrowed, format.amountShort(row.totalBorrow));
  setText(stats.borrowedUSD, format.usdShort(row.borrowUSD));
  setText(stats.available, format.amountShort(row.available));
  setText(stats.utilization, format.rate(row.utilization));
  setText(stats.supplyAPY, format.rate(row.supplyAPY));
  setText(stats.borrowAPY, format.rate(row.borrowAPY));
  at("paused").hidden = row.isActive && !row.supplyPaused && !row.borrowPaused && !row.protocolPaused;
  curve.mark(row.utilization);
});

pools.onChange((keys) => {
  if (!keys.has(poolId)) return;
  const pool = pools.get(poolId);
  if (!pool) return;
  history.takePool(pool);
  draw();
});
prices.onChange(() => {
  const price = prices.get(asset);
  if (price) history.takePrice(price);
  draw();
});

// --- the terms ---------------------------------------------------------------------------------------------
async function loadTerms() {
  try {
    const path = `/v1/pools/${encodeURIComponent(poolId)}`;
    const [{ data: detail }, { data: rates }] = await Promise.all([get(path), get(`${path}/rate-curve`)]);
    at("terms").replaceChildren(...termsOf(detail));
    curve.show(rates);
  } catch (error) {
    at("terms").replaceChildren(el("p", { class: "alert", role: "alert" }, error.message));
    curve.say(error.message);
  }
}
loadTerms();
setInterval(() => document.hidden || loadTerms(), 300_000);

// --- what is the reader's own ------------------------------------------------------------------------------
if (isSignedIn) {
  const positions = follow("positions");
  const own = at("own");
  const take = (position) => positions.take(position);
  at("supply").addEventListener("click", () => openSupply(poolId, asset, take));
  at("supply").disabled = false;
  const balance = el("dd", { class: "market__balance" });
  const value = el("dd");
  const earned = el("dd");
  const withdraw = el("button", { class: "button", type: "button" }, "Withdraw");
  withdraw.addEventListener("click", () => openWithdraw(poolId, asset, take));
  const line = (title, node) => el("div", {}, el("dt", {}, title), node);
  const facts = el("dl", { class: "terms" }, line("Balance", balance), line("Value", value), line("Interest earned", earned));
  const none = el("p", { class: "empty" }, `You have supplied no ${asset} yet. Supply some and it earns from the next block on.`);
  positions.onChange(() => {
    if (!positions.isReady) return;
    const row = positions.all().find((one) => one.kind === "supply" && one.poolId === poolId && one.status === "open");
    if (!row) return own.firstElementChild === none ? undefined : own.replaceChildren(none);
    if (own.firstElementChild !== facts) own.replaceChildren(facts, withdraw);
    setText(balance, `${format.amount(row.balance)} ${asset}`);
    setText(value, format.usd(row.valueUSD));
    return setText(earned, `${format.amount(row.interestEarned, 18)} ${asset}`);
  });
}
showAgeOf("prices");
