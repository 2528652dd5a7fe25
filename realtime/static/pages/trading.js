/** Trading: the mark's candles, the order book, an order ticket, and what the account has. */

import { follow } from "../client/follow.js";
import { act, info, ledger } from "../client/ledger.js";
import { Account, isRunning } from "../trading/account.js";
import { Book } from "../trading/book.js";
import { openChange, openClose, openLeverage, openTransfer } from "../trading/dialogs.js";
import { livePosition, withPrice } from "../trading/orders.js";
import { fillsTable, ordersTable, positionsTable } from "../trading/tables.js";
import { money, Ticket } from "../trading/ticket.js";
import { twapsTable } from "../trading/twaps.js";
import { Candles } from "../ui/candles.js";
import { showAgeOf } from "../ui/connection.js";
import { el, flash, pageData, perFrame, setAttribute, setText } from "../ui/dom.js";
import * as format from "../ui/format.js";
import "../ui/shell.js";
import { bind } from "../ui/table.js";
import { tabs } from "../ui/tabs.js";
import { toast } from "../ui/toast.js";

const BOOK_MS = 1_000;
const COMPLAIN_MS = 1_500; // by then the answer to an order is here
const INTERVALS = { "1m": 60_000, "5m": 300_000, "15m": 900_000, "1h": 3_600_000, "1d": 86_400_000 };
const STATES = { connecting: "Connecting to the ledger", reconnecting: "The ledger's stream is lost; it is being restored", offline: "Offline: not live" };

const root = document.querySelector("[data-trade]");
const at = (name) => root.querySelector(`[data-${name}]`);
const markets = Object.fromEntries(Object.entries(pageData("markets")).map(([coin, market]) => [coin, { coin, ...market }]));
const { address } = pageData("own-account");
const coins = Object.keys(markets);

let coin = coins.includes(location.hash.slice(1)) ? location.hash.slice(1) : coins[0];
let interval = "5m";
let candles = [];
let shownMark = null;

const prices = follow("prices", { params: { assets: [...new Set(coins.map((name) => markets[name].feed))] } });
const markOf = (name) => prices.get(markets[name]?.feed)?.price ?? null;
const account = address ? new Account(address, coins, complain) : null;
const leverageOf = (name) => account?.leverages.get(name) ?? markets[name].maxLeverage;

/** Say what the stream tells of a rejected order, unless the ticket has said it already. */
function complain(text) {
  setTimeout(() => {
    if (!ticket?.refusal || !text.endsWith(ticket.refusal)) toast(text, { kind: "assertive" });
  }, COMPLAIN_MS);
}

// --- the market -------------------------------------------------------------------------------------
const chart = new Candles({ title: "", format: (value) => format.usd(String(value)) });
at("candles").append(chart.element);
const ticket = account
  ? new Ticket(at("ticket"), () => ({
      market: markets[coin],
      mark: markOf(coin),
      leverage: leverageOf(coin),
      available: money(account.summary?.availableMargin),
    }))
  : null;
const book = new Book({
  onPrice: (price) => {
    if (ticket) ticket.price = price;
  },
});
at("book").append(book.element);

function choices(holder, names, chosen, choose) {
  for (const name of names) {
    const button = el("button", { type: "button", "aria-pressed": String(name === chosen()) }, name);
    button.addEventListener("click", () => {
      choose(name);
      for (const other of holder.children) setAttribute(other, "aria-pressed", String(other === button));
    });
    holder.append(button);
  }
}

let asked = 0; // only the newest answer is shown

async function loadCandles() {
  asked += 1;
  const mine = asked;
  const [wanted, length] = [coin, interval];
  chart.title = `${wanted}: candles of ${length}`;
  try {
    const rows = await info({ type: "candleSnapshot", req: { coin: wanted, interval: length } });
    if (mine !== asked) return;
    candles = rows.map(({ t, o, h, l, c }) => ({ t, o: Number(o), h: Number(h), l: Number(l), c: Number(c) }));
    chart.show(candles, { isDaily: length === "1d" });
  } catch (error) {
    if (mine === asked) chart.say(`The candles cannot be shown: ${error.message}`);
  }
}

let isAsking = false;

async function loadBook() {
  if (document.hidden || isAsking) return;
  isAsking = true;
  const wanted = coin;
  try {
    const { levels } = await info({ type: "l2Book", coin: wanted });
    if (wanted === coin) book.show(levels);
  } catch (error) {
    if (wanted === coin) book.fail(error.message);
  } finally {
    isAsking = false;
  }
}

function choose(name) {
  coin = name;
  shownMark = null;
  history.replaceState(null, "", `#${name}`);
  candles = [];
  if (account) setText(at("coin"), name);
  ticket?.clear();
  drawMarket();
  drawAccount();
  loadCandles();
  loadBook();
}

function drawMarket() {
  const row = prices.get(markets[coin].feed);
  const mark = row?.price ?? null;
  const box = at("mark");
  if (mark !== shownMark) {
    setText(box, format.usd(mark));
    if (shownMark !== null && mark !== null) flash(box, Number(mark) > Number(shownMark) ? "--up" : "--down");
    shownMark = mark;
    document.title = mark === null ? "Trading – Dualis" : `${format.usd(mark)} ${coin} – Dualis`;
  }
  setText(at("change"), format.change(row?.change24h));
  setAttribute(at("change"), "data-direction", format.direction(row?.change24h));
  setText(at("average"), format.usd(row?.twap5m));
  at("simulated").hidden = !row?.simulated;
  if (mark !== null && candles.length > 0) {
    candles = withPrice(candles, Number(mark), Date.now(), INTERVALS[interval]);
    chart.show(candles, { isDaily: interval === "1d" });
  }
  ticket?.refresh();
}

choices(at("markets"), coins, () => coin, choose);
choices(at("intervals"), Object.keys(INTERVALS), () => interval, (name) => {
  interval = name;
  candles = [];
  loadCandles();
});

// --- the account ------------------------------------------------------------------------------------
const out = (name) => root.querySelector(`[data-account="${name}"]`);
let positions = null;
const told = new Map(); // coin -> {position, mark, row}: an unchanged row is the same object

function liveRow(position) {
  const mark = markOf(position.coin);
  const before = told.get(position.coin);
  if (before?.position === position && before.mark === mark) return before.row;
  const row = livePosition(position, mark);
  told.set(position.coin, { position, mark, row });
  return row;
}

const drawAccount = perFrame(() => {
  if (!account?.summary) return;
  const { summary } = account;
  const rows = Object.values(summary.positions).filter(({ szi }) => Number(szi) !== 0).map(liveRow);
  positions.show(rows);
  setText(root.querySelector('[data-count="positions"]'), rows.length ? String(rows.length) : "");
  const sum = (list) => list.reduce((total, one) => total + Number(one.unrealizedPnl), 0);
  const pnl = sum(rows);
  const moved = pnl - sum(Object.values(summary.positions));
  setText(out("value"), format.usdCents(money(summary.accountValue + moved)));
  setText(out("pnl"), format.usdCents(pnl.toFixed(2)));
  setAttribute(out("pnl"), "data-direction", pnl > 0 ? "up" : pnl < 0 ? "down" : "flat");
  setText(out("used"), format.usdCents(money(summary.totalMarginUsed)));
  setText(out("maintenance"), format.usdCents(money(summary.crossMaintenanceMargin)));
  setText(out("available"), format.usdCents(money(summary.availableMargin)));
  setText(out("withdrawable"), format.usdCents(money(summary.withdrawable)));
  setText(at("leverage"), `Leverage ${leverageOf(coin)}×`);
  ticket.refresh();
});

async function cancel(order) {
  const hope = account.orders.propose(order.oid, { status: "cancelling" });
  try {
    const answer = await act({ type: "cancel", cancels: [{ o: order.oid }] });
    const { error } = answer.response?.data.statuses[0] ?? {};
    hope.undo();
    if (error) toast(error, { kind: "assertive" });
    else {
      account.orders.remove(order.oid);
      toast("The order is cancelled.");
    }
  } catch (problem) {
    hope.undo();
    toast(problem.message, { kind: "assertive" });
  }
}

function startAccount() {
  positions = positionsTable({ onClose: (row) => openClose(row, markets[row.coin]) });
  const orders = ordersTable({
    onCancel: cancel,
    onChange: (row) => openChange(row, markets[row.coin], markOf(row.coin)),
  });
  const twaps = twapsTable(address);
  const fills = fillsTable();
  for (const [name, table] of Object.entries({ positions, orders, fills, twaps })) {
    root.querySelector(`[data-pane="${name}"]`).append(table.element);
  }
  bind(orders, account.orders);
  bind(fills, account.fills);
  bind(twaps, account.twaps);
  account.twaps.onChange(() => {
    const running = account.twaps.all().filter(isRunning).length;
    setText(root.querySelector('[data-count="twaps"]'), running ? String(running) : "");
  });
  account.orders.onChange(() => setText(root.querySelector('[data-count="orders"]'), account.orders.size ? String(account.orders.size) : ""));
  account.onChange(drawAccount);
  tabs(root.querySelector('[role="tablist"]'));
  at("leverage").addEventListener("click", () => openLeverage(markets[coin], leverageOf(coin)));
  at("transfer").addEventListener("click", () => openTransfer(money(account.summary?.withdrawable ?? 0)));
  setText(at("coin"), coin);
  ledger.onStatus(({ state }) => {
    setText(at("ledger-state"), STATES[state] ?? "");
    setAttribute(root, "data-ledger", state);
  });
  ledger.start();
}

if (account) startAccount();
prices.onChange(() => {
  drawMarket();
  drawAccount();
});
showAgeOf("prices");
loadCandles();
loadBook();
setInterval(loadBook, BOOK_MS);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  loadBook();
  loadCandles(); // what passed meanwhile
});
