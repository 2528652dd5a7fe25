/** The tables of the overview: supplies, loans, wallet. Know rows, not where they come from. */

import { zoneOfFactor } from "../risk/risk.js";
import { el, setAttribute, setText } from "../ui/dom.js";
import * as format from "../ui/format.js";
import { ZONE_NAMES } from "../ui/gauge.js";
import { Table } from "../ui/table.js";
import { openSupply, openWithdraw } from "./supply-dialog.js";

const keep = (make) => (row, cell) => cell.firstChild ?? make(row);
const button = (text, row, open) => {
  const element = el("button", { class: "button button--small", type: "button" }, text);
  element.append(el("span", { class: "visually-hidden" }, ` ${row.asset}`));
  element.addEventListener("click", () => open(row));
  return element;
};
const asset = (label) => ({
  key: "asset",
  title: "Asset",
  sort: (row) => row.asset,
  csv: (row) => row.asset,
  cell: keep((row) => label(row.asset)),
});
const amount = (key, title, name = key) => ({
  key,
  title,
  sort: (row) => Number(row[name]),
  csv: (row) => row[name],
  cell: (row) => format.amount(row[name]),
});
const value = (title = "Value", name = "valueUSD") => ({
  key: "value",
  title,
  sort: (row) => Number(row[name]),
  csv: (row) => row[name],
  cell: (row) => format.usd(row[name]),
});
const apy = (title) => ({
  key: "apy",
  title,
  sort: (row) => row.apy,
  csv: (row) => row.apy,
  cell: (row) => format.rate(row.apy),
});

/** `label(symbol)` makes an asset's label; `take(row)` gets what a dialog changed. */
export function suppliesTable(label, take) {
  return new Table({
    caption: "Your supplies",
    key: (row) => row.positionId,
    order: { by: "value", isDown: true },
    empty: "You supply nothing yet. Choose a market: what you supply earns from the next block on.",
    columns: [
      asset(label),
      amount("balance", "Balance"),
      value(),
      amount("earned", "Interest earned", "interestEarned"),
      apy("APY"),
      {
        key: "actions-cell",
        title: "",
        cell: keep((row) =>
          el(
            "span",
            { class: "table__actions" },
            button("Supply", row, () => openSupply(row.poolId, row.asset, take)),
            button("Withdraw", row, () => openWithdraw(row.poolId, row.asset, take)),
          ),
        ),
      },
    ],
  });
}

export function loansTable(label) {
  return new Table({
    caption: "Your loans",
    key: (row) => row.positionId,
    order: { by: "health", isDown: false },
    empty: "You owe nothing. On the page Borrow you lock collateral and take a loan.",
    columns: [
      asset(label),
      amount("debt", "Debt"),
      value("Value", "borrowValueUSD"),
      value("Collateral", "collateralValueUSD"),
      apy("APY"),
      {
        key: "health",
        title: "Health",
        sort: (row) => row.healthFactor,
        csv: (row) => row.healthFactor,
        cell: (row, cell) => {
          const zone = zoneOfFactor(row.healthFactor);
          const shown = cell.firstElementChild ?? el("span", { class: "tone" });
          setText(shown, format.healthFactor(row.healthFactor));
          setAttribute(shown, "data-zone", zone);
          setAttribute(shown, "title", ZONE_NAMES[zone]);
          return shown;
        },
      },
      { key: "actions-cell", title: "", cell: keep(() => el("a", { class: "button button--small", href: "/borrow" }, "Manage")) },
    ],
  });
}

/** `poolOf(symbol)` gives the id of the pool that takes an asset, or undefined. */
export function walletTable(label, take, poolOf) {
  return new Table({
    caption: "Your wallet",
    key: (row) => row.asset,
    order: { by: "value", isDown: true },
    empty: "Your wallet is empty. The faucet above fills it.",
    columns: [
      asset(label),
      amount("amount", "Amount"),
      value(),
      {
        key: "actions-cell",
        title: "",
        cell: (row, cell) => {
          const pool = poolOf(row.asset);
          if (pool === undefined) return "";
          return cell.firstElementChild ?? button("Supply", row, () => openSupply(pool, row.asset, take));
        },
      },
    ],
  });
}
