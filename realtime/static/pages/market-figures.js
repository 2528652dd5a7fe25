/** Figures of markets from rows of pools and prices. Pure: amounts are texts, shares are numbers. */

import * as decimal from "../ui/decimal.js";

/** Return a pool with its price: what a row of the table shows. */
export function marketOf(pool, price) {
  const usd = price?.price ?? null;
  return {
    ...pool,
    price: usd,
    change24h: price?.change24h ?? null,
    stale: price?.stale ?? false,
    circuitBreaker: price?.circuitBreaker ?? false,
    simulated: price?.simulated ?? false,
    borrowUSD: usd === null ? null : decimal.roundUp(decimal.multiply(pool.totalBorrow, usd), 2),
  };
}

/** Return what all markets add up to, in USD; `utilization` is a share. */
export function totals(markets) {
  const supplied = decimal.sum(markets.map(({ tvlUSD }) => tvlUSD));
  const borrowed = decimal.sum(markets.map(({ borrowUSD }) => borrowUSD ?? "0"));
  const utilization = decimal.isZero(supplied) ? 0 : Number(borrowed) / Number(supplied);
  return { supplied, borrowed, utilization };
}
