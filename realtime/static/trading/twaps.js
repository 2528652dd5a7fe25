/** The TWAP orders of the account: how far each is, its slices' fills, and calling it off. */

import { act, info } from "../client/ledger.js";
import { openDialog } from "../ui/dialog.js";
import { el } from "../ui/dom.js";
import * as format from "../ui/format.js";
import { Table } from "../ui/table.js";
import { moment } from "../ui/time.js";
import { toast } from "../ui/toast.js";
import { isRunning } from "./account.js";

const WORDS = {
  pending: "Starting",
  active: "Running",
  completed: "Filled",
  completed_partial: "Partly filled",
  canceled: "Cancelled",
  expired: "Over, nothing filled",
  error: "Every slice rejected",
};
const iso = (ms) => new Date(ms).toISOString();
const average = (row) => (Number(row.filledSz) > 0 ? row.avgFillPx : null);
const slicesRun = (row) => row.slicesFilled + row.slicesPartial + row.slicesRejected;

/** @param {string} user the account's address */
export function twapsTable(user) {
  return new Table({
    caption: "TWAP orders",
    key: (row) => row.twapId,
    order: { by: "placed", isDown: true },
    filter: true,
    csv: "twaps.csv",
    empty: "No TWAP order. Choose TWAP in the ticket to work an order off in slices.",
    columns: [
      { key: "coin", title: "Market", sort: (row) => row.asset, csv: (row) => row.asset, cell: (row) => row.asset },
      { key: "side", title: "Side", align: "start", sort: (row) => row.side, csv: (row) => row.side, cell: (row) => el("span", { class: "tone", "data-direction": row.side === "buy" ? "up" : "down" }, row.side === "buy" ? "Buy" : "Sell") },
      { key: "size", title: "Filled of size", sort: (row) => Number(row.totalSz), csv: (row) => row.filledSz, cell: (row) => `${row.filledSz} / ${row.totalSz}` },
      { key: "slices", title: "Slices", sort: slicesRun, csv: slicesRun, cell: slices },
      { key: "average", title: "Average price", csv: (row) => average(row) ?? "", cell: (row) => format.usd(average(row)) },
      { key: "status", title: "Status", align: "start", sort: (row) => row.status, csv: (row) => row.status, cell: status },
      { key: "placed", title: "Placed", sort: (row) => row.createdAt, csv: (row) => iso(row.createdAt), cell: (row) => moment(iso(row.createdAt)) },
      { key: "actions-cell", title: "", cell: (row) => actions(row, user) },
    ],
  });
}

function slices(row) {
  const rejected = row.slicesRejected ? [el("small", {}, `${row.slicesRejected} rejected`)] : [];
  return el("div", {}, `${slicesRun(row)} / ${row.totalExpectedSlices}`, ...rejected);
}

function status(row) {
  return el("div", {}, WORDS[row.status] ?? row.status, ...(row.reason ? [el("small", {}, row.reason)] : []));
}

function actions(row, user) {
  const about = `${row.side} ${row.totalSz} ${row.asset}`;
  const made = (text, onPress) => {
    const button = el("button", { class: "button button--small", type: "button", "aria-label": `${text} of TWAP ${about}` }, text);
    button.addEventListener("click", onPress);
    return button;
  };
  const cancel = isRunning(row) ? [made("Cancel", () => askToCancel(row, about))] : [];
  return el("span", { class: "table__actions" }, made("Fills", () => showFills(row, about, user)), ...cancel);
}

function askToCancel(row, about) {
  openDialog({
    title: "Cancel the TWAP order?",
    body: [el("p", {}, `No further slice of ${about} runs. What has traded stays.`)],
    submit: "Cancel order",
    isDanger: true,
    onSubmit: async () => {
      const answer = await act({ type: "twapCancel", twapOrderId: row.twapId });
      const error = answer.response?.data.error;
      if (error) throw new Error(error);
      toast("The TWAP order is cancelled.");
    },
  });
}

async function showFills(row, about, user) {
  const table = new Table({
    caption: "Fills of the slices",
    key: (fill) => String(fill.tid) + fill.oid,
    order: { by: "time", isDown: true },
    csv: "slices.csv",
    empty: "No slice has traded yet.",
    columns: [
      { key: "time", title: "Time", sort: (fill) => fill.time, csv: (fill) => iso(fill.time), cell: (fill) => moment(iso(fill.time)) },
      { key: "price", title: "Price", sort: (fill) => Number(fill.px), csv: (fill) => fill.px, cell: (fill) => format.usd(fill.px) },
      { key: "size", title: "Size", sort: (fill) => Number(fill.sz), csv: (fill) => fill.sz, cell: (fill) => fill.sz },
      { key: "fee", title: "Fee", csv: (fill) => fill.fee, cell: (fill) => format.usdCents(fill.fee) },
    ],
  });
  openDialog({ title: `Slices of ${about}`, body: [table.element], submit: "Done", onSubmit: async () => {} });
  const read = async () => {
    try {
      const found = await info({ type: "userTwapSliceFills", user });
      table.show(found.filter(({ twapId }) => twapId === row.twapId).map(({ fill }) => fill));
    } catch (error) {
      table.fail(error.message, read);
    }
  };
  await read();
}
