/** Auctions that are over: liquidations, or resales of what the backstop seized, page by page. */

import { get } from "../client/api.js";
import { el } from "../ui/dom.js";
import * as format from "../ui/format.js";
import { Table } from "../ui/table.js";
import { moment } from "../ui/time.js";

const PAGE = 20;
const MOST = 300; // rows that news bring; more come by the button
const OUTCOMES = { bid: "Bidders", backstop: "Backstop", cancelled: "Recovered", sold: "Sold" };
const TIERS = { SoftLiquidation: "Soft", ForcedLiquidation: "Forced", FullLiquidation: "Full" };
const list = (amounts) => amounts.map(({ symbol, amount }) => `${format.amount(amount)} ${symbol}`).join(", ") || "–";
const at = { key: "at", title: "Settled", cell: (row) => moment(row.settledAt), sort: (row) => row.settledAt, csv: (row) => row.settledAt };

const LIQUIDATIONS = {
  path: "/v1/liquidations",
  order: { sortBy: "settledAt" },
  key: (row) => row.liquidationId,
  columns: [
    at,
    { key: "position", title: "Loan", align: "start", cell: (row) => el("span", { class: "code", title: row.positionId }, row.borrowerAlias), csv: (row) => row.positionId },
    { key: "tier", title: "Tier", align: "start", cell: (row) => TIERS[row.finalTier] ?? row.finalTier, sort: (row) => row.finalTier, csv: (row) => row.finalTier },
    { key: "outcome", title: "Ended by", align: "start", cell: (row) => OUTCOMES[row.outcome], sort: (row) => row.outcome, csv: (row) => row.outcome },
    { key: "repaid", title: "Repaid", cell: (row) => (row.debtRepaid === "0" ? "–" : `${format.amount(row.debtRepaid)} ${row.debtAsset}`), sort: (row) => Number(row.debtRepaid), csv: (row) => `${row.debtRepaid} ${row.debtAsset}` },
    { key: "seized", title: "Seized", cell: (row) => list(row.seized), csv: (row) => list(row.seized) },
    { key: "bonus", title: "Bonus", cell: (row) => (row.bonus === "0" ? "–" : format.usd(row.bonus)), sort: (row) => Number(row.bonus), csv: (row) => row.bonus },
    { key: "bad", title: "Bad debt", cell: (row) => (row.badDebt === "0" ? "–" : `${format.amount(row.badDebt)} ${row.debtAsset}`), sort: (row) => Number(row.badDebt), csv: (row) => row.badDebt },
    { key: "health", title: "Health", cell: (row) => `${format.healthFactor(row.healthFactorBefore)} → ${format.healthFactor(row.healthFactorAfter)}`, csv: (row) => `${row.healthFactorBefore} ${row.healthFactorAfter ?? ""}` },
  ],
  empty: "No loan has been liquidated yet.",
};
const RESALES = {
  path: "/v1/liquidations/resales",
  order: {},
  key: (row) => row.resaleId,
  columns: [
    at,
    { key: "sold", title: "Sold", cell: (row) => `${format.amount(row.collateralSold)} ${row.collateralAsset}`, csv: (row) => `${row.collateralSold} ${row.collateralAsset}` },
    { key: "proceeds", title: "For", cell: (row) => `${format.amount(row.proceeds)} ${row.paymentAsset}`, sort: (row) => Number(row.proceeds), csv: (row) => `${row.proceeds} ${row.paymentAsset}` },
    { key: "discount", title: "Discount up to", cell: (row) => format.rate(row.maxDiscount), sort: (row) => row.maxDiscount, csv: (row) => row.maxDiscount },
  ],
  empty: "The backstop has sold nothing yet.",
};

export class AuctionHistory {
  #place;
  #tools;
  #kind = null;
  #table = null;
  #rows = [];
  #asked = 0;

  constructor(place, tools) {
    this.#place = place;
    this.#tools = tools;
  }

  /** Show "liquidations" or "resales". */
  show(kind) {
    this.#kind = kind === "resales" ? RESALES : LIQUIDATIONS;
    const { columns, key, empty } = this.#kind;
    this.#tools.replaceChildren();
    this.#table = new Table({
      caption: `Past ${kind}`,
      columns,
      key,
      empty,
      filter: true,
      csv: `${kind}.csv`,
      tools: this.#tools,
      order: { by: "at", isDown: true },
    });
    this.#place.replaceChildren(this.#table.element);
    this.#rows = [];
    this.#load();
  }

  /** Read the newest page again: something has ended. */
  refresh() {
    this.#load({ isNewest: true });
  }

  async #load({ isNewest = false } = {}) {
    this.#asked += 1;
    const [asked, kind, table] = [this.#asked, this.#kind, this.#table];
    const offset = isNewest ? 0 : this.#rows.length;
    try {
      const { data, pagination } = await get(kind.path, { status: "settled", ...kind.order, limit: PAGE, offset });
      if (asked !== this.#asked && !isNewest) return;
      if (kind !== this.#kind) return;
      const held = new Map(this.#rows.map((row) => [kind.key(row), row]));
      const fresh = data.filter((row) => !held.has(kind.key(row)));
      this.#rows = isNewest ? [...fresh, ...this.#rows].slice(0, Math.max(MOST, this.#rows.length)) : [...this.#rows, ...fresh];
      table.show(this.#rows);
      table.more(this.#rows.length < pagination.total ? () => this.#load() : null);
    } catch (error) {
      if (this.#rows.length === 0) table.fail(error.message, () => this.#load());
    }
  }
}
