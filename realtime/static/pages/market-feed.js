/** What happens in a market, newest first, from the rows of its pool: each says why it changed. */

import * as decimal from "../ui/decimal.js";
import { el } from "../ui/dom.js";
import * as format from "../ui/format.js";
import { Table } from "../ui/table.js";
import { age } from "../ui/time.js";

const MOST = 50; // lines kept
const NAMES = {
  deposit: "Supply",
  withdraw: "Withdrawal",
  borrow: "Borrow",
  repay: "Repayment",
  liquidation: "Liquidation",
  params: "Parameters",
};

/** Return what a row of a pool tells of beside the one before it, or null if nothing anybody did. */
export function eventOf(before, pool) {
  const name = NAMES[pool.reason];
  if (!name || before === null) return null;
  const supplied = decimal.subtract(pool.totalSupply, before.totalSupply);
  const borrowed = decimal.subtract(pool.totalBorrow, before.totalBorrow);
  const isLoan = ["borrow", "repay", "liquidation"].includes(pool.reason);
  return { name, amount: decimal.trim(isLoan ? borrowed : supplied), utilization: pool.utilization, borrowAPY: pool.borrowAPY };
}

export class Feed {
  element;
  #asset;
  #table;
  #before = null;
  #events = [];
  #count = 0;

  constructor(asset, tools) {
    this.#asset = asset;
    this.#table = new Table({
      caption: "Live events",
      key: (row) => row.id,
      order: { by: "at", isDown: true },
      csv: `${asset}-events.csv`,
      tools,
      empty: "Nothing has happened since you opened this page. Events appear here as they come.",
      columns: [
        { key: "event", title: "Event", csv: (row) => row.name, sort: (row) => row.name, cell: (row) => row.name },
        {
          key: "amount",
          title: "Change",
          hint: "Of what is supplied, or of what is lent; with the interest since the change before",
          csv: (row) => row.amount,
          sort: (row) => Number(row.amount),
          cell: (row) => this.#amount(row.amount),
        },
        { key: "utilization", title: "Utilization", csv: (row) => row.utilization, cell: (row) => format.rate(row.utilization) },
        { key: "borrow-apy", title: "Borrow APY", csv: (row) => row.borrowAPY, cell: (row) => format.rate(row.borrowAPY) },
        { key: "at", title: "When", csv: (row) => row.at, sort: (row) => row.id, cell: (row, cell) => cell.firstChild ?? age(row.at) },
      ],
    });
    this.element = this.#table.element;
    this.#table.show([]);
  }

  /** Take a row of the pool. */
  take(pool, { timestamp }) {
    const event = eventOf(this.#before, pool);
    this.#before = pool;
    if (event === null) return;
    this.#count += 1;
    const at = timestamp ?? new Date().toISOString();
    this.#events = [{ ...event, at, id: this.#count }, ...this.#events].slice(0, MOST);
    this.#table.show(this.#events);
  }

  #amount(amount) {
    const sign = decimal.isNegative(amount) ? "−" : "+";
    const size = decimal.isNegative(amount) ? amount.slice(1) : amount;
    const tone = decimal.isNegative(amount) ? "down" : "up";
    return el("span", { class: "tone", "data-direction": tone }, `${sign}${format.amount(size, 8)} ${this.#asset}`);
  }
}
