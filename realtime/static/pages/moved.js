/** Tells operations from breath: what prices and interest change is left out. Pure. */

import * as decimal from "../ui/decimal.js";

/** Return a text that differs only after money was moved in one of these rows of `positions`. */
export function moved(rows) {
  const parts = rows.filter(({ kind }) => kind === "supply" || kind === "borrow").map((row) => [
    row.positionId,
    row.status === "closed",
    row.kind === "supply" ? decimal.trim(decimal.subtract(row.balance, row.interestEarned)) : row.principal,
    (row.collateral ?? []).map(({ symbol, amount }) => [symbol, amount]),
  ]);
  return JSON.stringify(parts);
}

/** Call `react` after money was moved in Rows of `positions`. */
export function onMoved(positions, react) {
  let before = null;
  positions.onChange(() => {
    if (!positions.isReady) return;
    const now = moved(positions.all());
    if (before !== null && now !== before) react();
    before = now;
  });
}
