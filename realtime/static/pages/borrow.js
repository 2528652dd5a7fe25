/** The borrower's page: positions with their health, what prices could do to them, and the dialogs. */

import { follow } from "../client/follow.js";
import { watchTerms } from "../client/own.js";
import { zoneOfFactor } from "../risk/risk.js";
import { assetLabel } from "../ui/asset.js";
import { showAgeOf } from "../ui/connection.js";
import * as decimal from "../ui/decimal.js";
import { el, pageData, perFrame, setAttribute, setText } from "../ui/dom.js";
import * as format from "../ui/format.js";
import { Meter } from "../ui/meter.js";
import "../ui/shell.js";
import { Table } from "../ui/table.js";
import { openPosition } from "./open-position.js";
import { PositionCard } from "./position-card.js";

const names = pageData("asset-names");
const tier = pageData("credit-tier");
const place = document.querySelector("[data-positions]");
const opener = document.querySelector("[data-open]");
const account = [...document.querySelectorAll("[data-account]")];
const slider = document.querySelector("[data-suppose]");
const which = document.querySelector("[data-suppose-asset]");
const said = document.querySelector("[data-suppose-text]");

const cards = new Map(); // position id -> PositionCard
let terms = null;

const rows = follow("positions", { onState: ({ phase, message }) => {
  if (phase === "refused") place.replaceChildren(el("p", { class: "alert", role: "alert" }, `Your positions cannot be shown: ${message}`));
} });
const pools = follow("pools");

const open = () => rows.all().filter((row) => row.kind === "borrow" && row.status !== "closed");

/** Return the factors of prices that the slider stands for, or null where it stands at rest. */
function factors(positions) {
  const moved = Number(slider.value);
  if (moved === 0) return null;
  const factor = decimal.divide(String(100 + moved), "100", 2, "down");
  const symbols = which.value === "*"
    ? positions.flatMap((row) => row.collateral.map(({ symbol }) => symbol))
    : [which.value];
  return Object.fromEntries(symbols.map((symbol) => [symbol, factor]));
}

function drawAccount() {
  const totals = rows.get("account");
  if (!totals) return;
  for (const node of account) {
    const name = node.dataset.account;
    const isHealth = name === "healthFactor";
    const hasDebt = !decimal.isZero(totals.totalBorrowedUSD);
    const health = hasDebt ? format.healthFactor(totals.healthFactor) : "No debt";
    setText(node, isHealth ? health : format.usd(totals[name]));
    if (isHealth) setAttribute(node, "data-zone", hasDebt ? zoneOfFactor(totals.healthFactor) : "");
  }
}

function drawCards(positions) {
  const wanted = new Set(positions.map(({ positionId }) => positionId));
  for (const [id, card] of [...cards]) {
    if (wanted.has(id)) continue;
    card.element.remove();
    cards.delete(id);
  }
  const moved = factors(positions);
  for (const row of positions) {
    let card = cards.get(row.positionId);
    if (!card) {
      card = new PositionCard(row, names[row.asset] ?? row.asset, rows, () => terms);
      cards.set(row.positionId, card);
      if (cards.size === 1) place.replaceChildren();
      place.append(card.element);
    }
    if (card.row !== row) card.show(row, rows.isHoped(row.positionId));
    card.suppose(terms, moved);
  }
  if (cards.size === 0 && !place.querySelector(".empty")) place.replaceChildren(empty());
}

function empty() {
  const faucet = el("a", { href: "/" }, "the faucet on the overview");
  return el(
    "div",
    { class: "panel empty" },
    el("p", {}, "You owe nothing. To borrow, lock collateral from your wallet or from what you supply."),
    el("p", {}, "Nothing in your wallet? Take test money from ", faucet, "."),
  );
}

const draw = perFrame(() => {
  drawAccount();
  if (!rows.isReady) return;
  place.removeAttribute("aria-busy");
  const positions = open();
  drawCards(positions);
  offerAssets(positions);
  drawOffers();
});

/** Offer the assets that positions touch, for the question what their prices could do. */
function offerAssets(positions) {
  const touched = positions.flatMap((row) => [row.asset, ...row.collateral.map(({ symbol }) => symbol)]);
  const known = new Set([...which.options].map(({ value }) => value));
  for (const symbol of new Set(touched)) {
    if (!known.has(symbol)) which.append(el("option", { value: symbol }, symbol));
  }
}

/** Return what a yield is with the tier's discount on its rate; only shown, never computed with. */
const yours = (apy) => Math.expm1(Math.log1p(apy) * (1 - (terms?.tiers[tier]?.discount ?? 0)));

// --- what can be borrowed ----------------------------------------------------------------------------------
const meters = new Map();
const offers = new Table({
  caption: "What you can borrow",
  key: (row) => row.poolId,
  order: { by: "apy", isDown: false },
  csv: "borrow-rates.csv",
  expected: 6,
  tools: document.querySelector("[data-offers-tools]"),
  empty: "No market lends anything now.",
  columns: [
    {
      key: "asset",
      title: "Asset",
      sort: (row) => row.asset,
      csv: (row) => row.asset,
      cell: (row, cell) => cell.firstChild ?? assetLabel(row.asset, names[row.asset] ?? row.asset, { href: `/markets/${encodeURIComponent(row.asset)}` }),
    },
    {
      key: "apy",
      title: "Borrow APY",
      hint: "Before the discount of your credit tier",
      sort: (row) => row.borrowAPY,
      csv: (row) => row.borrowAPY,
      cell: (row) => format.rate(row.borrowAPY),
    },
    {
      key: "yours",
      title: "Your APY",
      hint: "With the discount of your credit tier on the rate",
      sort: (row) => yours(row.borrowAPY),
      csv: (row) => yours(row.borrowAPY),
      cell: (row) => format.rate(yours(row.borrowAPY)),
    },
    {
      key: "available",
      title: "Available",
      sort: (row) => Number(row.available),
      csv: (row) => row.available,
      cell: (row) => `${format.amountShort(row.available)} ${row.asset}`,
    },
    {
      key: "utilization",
      title: "Utilization",
      sort: (row) => row.utilization,
      csv: (row) => row.utilization,
      cell: (row) => {
        if (!meters.has(row.poolId)) meters.set(row.poolId, new Meter());
        return meters.get(row.poolId).show(row.utilization);
      },
    },
    {
      key: "actions-cell",
      title: "",
      cell: (row, cell) => cell.firstChild ?? borrowButton(row.asset),
    },
  ],
});
document.querySelector("[data-offers]").append(offers.element);

function borrowButton(asset) {
  const button = el("button", { class: "button button--small button--main", type: "button" }, "Borrow");
  button.append(el("span", { class: "visually-hidden" }, ` ${asset}`));
  button.addEventListener("click", () => ask(asset));
  return button;
}

function drawOffers() {
  if (!pools.isReady || terms === null) return;
  offers.show(pools.all().filter((pool) => terms.assets.get(pool.asset)?.isBorrowable));
}

// --- acting ---------------------------------------------------------------------------------------------------
function ask(wanted) {
  if (terms === null) return;
  openPosition({ assets: terms.assets, wanted, tier, onDone: (position) => rows.take(position) });
}

opener.addEventListener("click", () => ask("USDC"));
for (const input of [slider, which]) input.addEventListener("input", () => {
  setText(said, format.change(Number(slider.value) / 100));
  draw();
});
document.querySelector("[data-suppose-reset]").addEventListener("click", () => {
  slider.value = "0";
  setText(said, format.change(0));
  draw();
});

let wanted = new URLSearchParams(location.search).get("asset");
watchTerms((fresh) => {
  terms = fresh;
  opener.disabled = false;
  draw();
  if (wanted !== null) ask(wanted);
  wanted = null;
});
rows.onChange(draw);
pools.onChange(draw);
showAgeOf("positions");
