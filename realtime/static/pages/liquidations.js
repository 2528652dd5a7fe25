/** Liquidations: the board of running auctions, what the market would bear, what is over. */

import { isSignedIn, stream } from "../client.js";
import { get } from "../client/api.js";
import { SYSTEM_CLOCK } from "../client/clock.js";
import { ofLiquidation, ofResale } from "../lending/auctions.js";
import { el, pageData, setText } from "../ui/dom.js";
import * as format from "../ui/format.js";
import { showAgeOf } from "../ui/connection.js";
import "../ui/shell.js";
import { soon } from "../ui/soon.js";
import { AuctionCard } from "./auction-card.js";
import { AuctionHistory } from "./auction-history.js";
import { openBid } from "./bid-dialog.js";
import { showRisk } from "./risk-panels.js";

const EVERY_MS = isSignedIn ? 4_000 : 6_000; // a bid on a part is no stage of the channel: the board asks
const PRICES_MS = 30_000;
const SOON_MS = 150; // several stages come at once
const SETTLED_MS = 1_000;
const MOST = 60; // auctions on the board

const assets = pageData("assets");
const board = document.querySelector("[data-board]");
const stat = (name) => document.querySelector(`[data-stat="${name}"]`);
const history = new AuctionHistory(document.querySelector("[data-history]"), document.querySelector("[data-history-tools]"));
const cards = new Map(); // auction id -> card
let prices = new Map();
let pricedAt = -Infinity;
let dialog = null; // of the bid that is being made
let isAsking = false;

function bid(auction) {
  dialog = openBid(auction, assets, {
    onDone: refresh,
    onClose: () => {
      dialog = null;
    },
  });
}

function show(auctions) {
  board.removeAttribute("aria-busy");
  const wanted = new Set(auctions.map(({ id }) => id));
  for (const [id, card] of cards) {
    if (wanted.has(id)) continue;
    card.element.remove();
    cards.delete(id);
  }
  for (const placeholder of board.querySelectorAll(":scope > :not([data-auction])")) placeholder.remove();
  for (const auction of auctions) {
    if (dialog?.id === auction.id) dialog.take(auction);
    const card = cards.get(auction.id);
    if (card) card.take(auction);
    else {
      const made = new AuctionCard(auction, isSignedIn ? bid : null);
      cards.set(auction.id, made);
      board.append(made.element);
    }
  }
  if (auctions.length === 0) board.append(nothing());
  setText(stat("running"), String(auctions.length));
  const worth = auctions.filter(({ kind }) => kind === "liquidation").map(({ most, pays }) => ({ most, price: prices.get(pays) }));
  setText(stat("onSale"), format.usdShort(String(worth.reduce((all, { most, price }) => all + Number(most) * Number(price ?? 0), 0))));
}

function nothing() {
  return el(
    "div",
    { class: "panel empty" },
    el("p", {}, "No auction is running."),
    el("p", { class: "note__small" }, "One opens within a second when a loan's health falls below 0.95. It appears here by itself."),
  );
}

async function refresh() {
  if (isAsking || document.hidden) return;
  isAsking = true;
  try {
    const [loans, lots] = await Promise.all([
      get("/v1/liquidations", { status: "open", limit: MOST, sortOrder: "asc" }),
      get("/v1/liquidations/resales", { status: "open", limit: MOST }),
      readPrices(),
    ]);
    const now = SYSTEM_CLOCK.now();
    const running = [...loans.data.map((row) => ofLiquidation(row, now)), ...lots.data.map((row) => ofResale(row, now))];
    show(running.filter((auction) => auction !== null));
  } catch (error) {
    if (cards.size === 0) fail(error);
  } finally {
    isAsking = false;
  }
}

/** The sum on sale is in dollars; it bears a price that is half a minute old. */
async function readPrices() {
  if (SYSTEM_CLOCK.now() - pricedAt < PRICES_MS) return;
  const { data } = await get("/v1/oracle/prices");
  prices = new Map(data.map(({ asset, price }) => [asset, price]));
  pricedAt = SYSTEM_CLOCK.now();
}

function fail(error) {
  const again = el("button", { class: "button", type: "button" }, "Try again");
  again.addEventListener("click", refresh);
  board.removeAttribute("aria-busy");
  board.replaceChildren(el("div", { class: "panel empty" }, el("p", { role: "alert" }, error.message), again));
}

async function showToday() {
  try {
    const { data } = await get("/v1/analytics/overview");
    setText(stat("today"), data.totalLiquidations24h === null ? format.NOTHING : String(data.totalLiquidations24h));
  } catch {
    // one figure less; the page goes on
  }
}

const refreshSoon = soon(refresh, SOON_MS);
const settleSoon = soon(() => {
  history.refresh();
  showToday();
}, SETTLED_MS);

function onStage(row, { isSnapshot }) {
  refreshSoon();
  if (row.stage === "settlement" && !isSnapshot) settleSoon();
}

if (isSignedIn) {
  stream.subscribe("liquidations", {}, { onRow: onStage, onReset: () => refresh() });
  showAgeOf("liquidations");
}
const kind = document.querySelector("[data-history-kind]");
kind.addEventListener("change", () => history.show(kind.value));
history.show(kind.value);
showRisk();
showToday();
refresh();
setInterval(refresh, EVERY_MS);
setInterval(() => cards.forEach((card) => card.tick()), 1_000);
document.addEventListener("visibilitychange", refresh);
