/** The tables of the account's positions, open orders and fills. */

import { el } from "../ui/dom.js";
import * as format from "../ui/format.js";
import { Table } from "../ui/table.js";
import { moment } from "../ui/time.js";

const signed = (text) => {
  const value = Number(text);
  const tone = value > 0 ? "up" : value < 0 ? "down" : "flat";
  return el("span", { class: "tone", "data-direction": tone }, format.usdCents(text));
};
const sideBadge = (isBuy, words) => el("span", { class: "tone", "data-direction": isBuy ? "up" : "down" }, words);
const when = (ms) => moment(new Date(ms).toISOString());
const button = (text, about, onPress) => {
  const made = el("button", { class: "button button--small", type: "button", "aria-label": `${text} ${about}` }, text);
  made.addEventListener("click", onPress);
  return made;
};

/** @param {{onClose: (position: object) => void}} spec */
export function positionsTable({ onClose }) {
  return new Table({
    caption: "Positions",
    key: (row) => row.coin,
    order: { by: "value", isDown: true },
    csv: "positions.csv",
    empty: "No open position. An order that trades opens one.",
    columns: [
      { key: "coin", title: "Market", sort: (row) => row.coin, csv: (row) => row.coin, cell: (row) => `${row.coin} ${row.leverage}×` },
      {
        key: "size",
        title: "Size",
        sort: (row) => Number(row.szi),
        csv: (row) => row.szi,
        cell: (row) => sideBadge(Number(row.szi) > 0, `${Number(row.szi) > 0 ? "Long" : "Short"} ${row.szi.replace("-", "")}`),
      },
      { key: "value", title: "Value", sort: (row) => Number(row.positionValue), csv: (row) => row.positionValue, cell: (row) => format.usdCents(row.positionValue) },
      { key: "entry", title: "Entry", csv: (row) => row.entryPx, cell: (row) => format.usd(row.entryPx) },
      { key: "mark", title: "Mark", csv: (row) => row.mark ?? "", cell: (row) => format.usd(row.mark) },
      {
        key: "pnl",
        title: "Unrealised P&L",
        sort: (row) => Number(row.unrealizedPnl),
        csv: (row) => row.unrealizedPnl,
        cell: (row) => el("div", {}, signed(row.unrealizedPnl), el("small", {}, format.change(Number(row.returnOnEquity)))),
      },
      { key: "margin", title: "Margin", csv: (row) => row.marginUsed, cell: (row) => format.usdCents(row.marginUsed) },
      { key: "liq", title: "Liquidation", csv: (row) => row.liqPx ?? "", cell: (row) => format.usd(row.liqPx) },
      { key: "actions-cell", title: "", cell: (row) => button("Close", row.coin, () => onClose(row)) },
    ],
  });
}

/** @param {{onCancel: (order: object) => void, onChange: (order: object) => void}} spec */
export function ordersTable({ onCancel, onChange }) {
  return new Table({
    caption: "Open orders",
    key: (row) => row.oid,
    order: { by: "time", isDown: true },
    filter: true,
    csv: "orders.csv",
    empty: "No open order. A limit order that does not trade at once rests here.",
    columns: [
      { key: "coin", title: "Market", sort: (row) => row.coin, csv: (row) => row.coin, cell: (row) => row.coin },
      { key: "side", title: "Side", align: "start", sort: (row) => row.side, csv: (row) => row.side, cell: (row) => sideBadge(row.side === "B", row.side === "B" ? "Buy" : "Sell") },
      { key: "type", title: "Type", align: "start", csv: (row) => row.orderType, cell: typeOf },
      { key: "size", title: "Left of size", sort: (row) => Number(row.sz), csv: (row) => row.sz, cell: (row) => `${row.sz} / ${row.origSz}` },
      { key: "price", title: "Price", sort: (row) => Number(row.limitPx), csv: (row) => row.limitPx, cell: priceOf },
      { key: "status", title: "Status", align: "start", csv: (row) => row.status, cell: (row) => WORDS[row.status] ?? row.status },
      { key: "time", title: "Placed", sort: (row) => row.timestamp, csv: (row) => new Date(row.timestamp).toISOString(), cell: (row) => when(row.timestamp) },
      {
        key: "actions-cell",
        title: "",
        cell: (row) => {
          const about = `${row.side === "B" ? "buy" : "sell"} ${row.coin} at ${row.limitPx}`;
          const cancel = button("Cancel", about, () => onCancel(row));
          cancel.disabled = row.status === "cancelling";
          const change = row.orderType === "limit" ? [button("Change", about, () => onChange(row))] : [];
          return el("span", { class: "table__actions" }, ...change, cancel);
        },
      },
    ],
  });
}

const WORDS = { open: "Open", partial: "Partly filled", pending: "Pending", waitingForTrigger: "Waits for trigger", cancelling: "Cancelling…" };

function typeOf(row) {
  const name = { limit: "Limit", market: "Market", stop_limit: "Stop limit", stop_market: "Stop market" }[row.orderType] ?? row.orderType;
  const rest = [row.orderType === "limit" ? row.tif : "", row.reduceOnly ? "reduce-only" : ""].filter(Boolean).join(", ");
  return rest ? `${name} (${rest})` : name;
}

function priceOf(row) {
  const limit = Number(row.limitPx) === 0 || row.orderType === "stop_market" ? "Market" : format.usd(row.limitPx);
  return row.isTrigger ? el("div", {}, limit, el("small", {}, `at ${format.usd(row.triggerPx)}`)) : limit;
}

export function fillsTable() {
  return new Table({
    caption: "Fills",
    key: (row) => String(row.tid) + row.oid,
    order: { by: "time", isDown: true },
    filter: true,
    csv: "fills.csv",
    empty: "Nothing has traded yet.",
    columns: [
      { key: "time", title: "Time", sort: (row) => row.time, csv: (row) => new Date(row.time).toISOString(), cell: (row) => when(row.time) },
      { key: "coin", title: "Market", align: "start", sort: (row) => row.coin, csv: (row) => row.coin, cell: (row) => row.coin },
      { key: "dir", title: "Direction", align: "start", sort: (row) => row.dir, csv: (row) => row.dir, cell: (row) => sideBadge(row.side === "B", row.forcedClosureType ? `${row.dir} (${row.forcedClosureType})` : row.dir) },
      { key: "price", title: "Price", sort: (row) => Number(row.px), csv: (row) => row.px, cell: (row) => format.usd(row.px) },
      { key: "size", title: "Size", sort: (row) => Number(row.sz), csv: (row) => row.sz, cell: (row) => row.sz },
      { key: "fee", title: "Fee", sort: (row) => Number(row.fee), csv: (row) => row.fee, cell: (row) => format.usdCents(row.fee) },
      { key: "pnl", title: "Realised P&L", sort: (row) => Number(row.closedPnl), csv: (row) => row.closedPnl, cell: (row) => (Number(row.closedPnl) === 0 ? format.NOTHING : signed(row.closedPnl)) },
      { key: "hash", title: "Transaction", csv: (row) => row.hash, cell: (row) => el("a", { href: `/explorer?tx=${row.hash}` }, `${row.hash.slice(0, 10)}…`) },
    ],
  });
}
