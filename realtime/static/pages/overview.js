/** The overview of an account: what it is worth, what it has lent and owes, how fresh all that is. */

import { onReturn } from "../client.js";
import { persistent } from "../client/again.js";
import { Intent } from "../client/api.js";
import { follow } from "../client/follow.js";
import * as own from "../client/own.js";
import { assetLabel } from "../ui/asset.js";
import { showAgeOf } from "../ui/connection.js";
import * as decimal from "../ui/decimal.js";
import { pageData, perFrame, setText } from "../ui/dom.js";
import * as format from "../ui/format.js";
import { Gauge } from "../ui/gauge.js";
import "../ui/shell.js";
import { toast } from "../ui/toast.js";
import { showFreshness } from "./channel-freshness.js";
import { onMoved } from "./moved.js";
import { loansTable, suppliesTable, walletTable } from "./overview-tables.js";
import { PortfolioView } from "./portfolio-view.js";

const names = pageData("asset-names");
const at = (name) => document.querySelector(`[data-${name}]`);
const account = [...document.querySelectorAll("[data-account]")];
const gauge = new Gauge();
at("gauge").append(gauge.element);

const positions = follow("positions");
const prices = follow("prices");
const pools = follow("pools");
const label = (symbol) => assetLabel(symbol, names[symbol] ?? symbol, { href: `/markets/${encodeURIComponent(symbol)}` });
const take = (position) => positions.take(position);
const poolOf = (asset) => pools.all().find((pool) => pool.asset === asset)?.poolId;
const supplies = suppliesTable(label, take);
const loans = loansTable(label);
const wallet = walletTable(label, take, poolOf);
at("supplies").append(supplies.element);
at("loans").append(loans.element);
at("wallet").append(wallet.element);
const portfolio = new PortfolioView({ prices, worth: at("worth"), profit: at("profit") });
at("portfolio").append(portfolio.element);
showFreshness(at("channels"));

let held = null; // Map of what the wallets hold
const walletRows = new Map(); // symbol -> the row last shown, the same object while nothing changed

const ofKind = (kind) => positions.all().filter((row) => row.kind === kind && row.status !== "closed");

function drawAccount() {
  const totals = positions.get("account");
  if (!totals) return;
  for (const node of account) setText(node, format.usd(totals[node.dataset.account]));
  const hasDebt = !decimal.isZero(totals.totalBorrowedUSD);
  gauge.show(totals.healthFactor);
  setText(at("health"), hasDebt ? "The lowest of your positions, rounded down. Below 0.95 it is liquidated." : "You owe nothing, so nothing can be liquidated.");
}

function drawStart() {
  const isDone = {
    faucet: held !== null && [...held.values()].some((amount) => !decimal.isZero(amount)),
    supply: ofKind("supply").length > 0,
    borrow: ofKind("borrow").length > 0,
  };
  isDone.faucet ||= isDone.supply || isDone.borrow;
  for (const step of document.querySelectorAll("[data-step]")) {
    step.toggleAttribute("data-done", isDone[step.dataset.step]);
  }
  at("faucet").hidden = isDone.faucet;
  at("start").hidden = isDone.supply && isDone.borrow;
}

function drawWallet() {
  if (held === null || !pools.isReady) return;
  const rows = [...held].filter(([, amount]) => !decimal.isZero(amount)).map(([asset, amount]) => {
    const price = prices.get(asset)?.price ?? null;
    const before = walletRows.get(asset);
    if (before?.amount === amount && before.price === price) return before;
    const valueUSD = price === null ? null : decimal.roundDown(decimal.multiply(amount, price), 2);
    const row = { asset, amount, price, valueUSD };
    walletRows.set(asset, row);
    return row;
  });
  wallet.show(rows);
}

const draw = perFrame(() => {
  if (positions.isReady) {
    drawAccount();
    supplies.show(ofKind("supply"));
    loans.show(ofKind("borrow"));
    if (held !== null) drawStart();
  }
  drawWallet();
  portfolio.draw();
});

const readWallets = persistent(
  async () => {
    held = await own.wallets();
    draw();
  },
  (error) => held === null && wallet.fail(error.message, readWallets),
);

// --- what changes -----------------------------------------------------------------------------------------
onMoved(positions, () => {
  portfolio.changed();
  readWallets();
});
positions.onChange(draw);
prices.onChange(draw);
pools.onChange(() => walletRows.size === 0 && draw());

const faucet = new Intent("/v1/user/faucet");
at("faucet").addEventListener("click", async ({ target }) => {
  target.disabled = true;
  try {
    const { data } = await faucet.send();
    toast(`You got ${data.map(({ amount, asset }) => `${format.amount(amount)} ${asset}`).join(", ")}.`);
    await readWallets();
    portfolio.changed();
  } catch (error) {
    toast(error.message, { kind: "assertive" });
  }
  target.disabled = false;
});

readWallets();
portfolio.load();
onReturn(() => {
  readWallets();
  portfolio.load();
});
showAgeOf("positions");
