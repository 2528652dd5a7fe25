/** The parameters of a market as lines of a list. */

import { el } from "../ui/dom.js";
import * as format from "../ui/format.js";
import { age } from "../ui/time.js";

const share = (used, cap) => (Number(cap) > 0 ? ` (${format.share(Number(used) / Number(cap))} used)` : "");

/** Return the lines of a pool's detail. */
export function termsOf(pool) {
  const { collateralConfig: terms, interestRateModel: model } = pool;
  const lines = [
    ["Loan to value", terms.isCollateral ? format.rate(terms.loanToValue) : "No collateral"],
    ["Liquidation threshold", format.rate(terms.liquidationThreshold)],
    ["Liquidation penalty", format.rate(terms.liquidationPenalty)],
    ["Supply cap", format.usdShort(terms.supplyCap) + share(pool.tvlUSD, terms.supplyCap)],
    ["Borrow cap", terms.isBorrowable ? format.usdShort(terms.borrowCap) + share(pool.totalBorrowUSD, terms.borrowCap) : "Not lent"],
    ["Reserve factor", format.rate(model.reserveFactor)],
    ["Rate at rest", format.rate(model.base)],
    ["Slope to the kink", format.rate(model.slope)],
    ["Kink", format.rate(model.kink)],
    ["Slope above it", format.rate(model.jump)],
    ["Reserves", `${format.amount(pool.totalReserves)} ${pool.asset}`],
    ["Interest accrued", age(pool.lastAccrualTimestamp)],
  ];
  return lines.map(([title, value]) => el("div", {}, el("dt", {}, title), el("dd", {}, value)));
}
