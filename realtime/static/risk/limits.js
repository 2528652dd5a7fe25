/**
 * How much a pool and a wallet take, as the services decide it. Pure.
 *
 * Amounts are texts in the asset's decimals; a room is never below zero.
 */

import * as decimal from "../ui/decimal.js";

const room = (cap, price, places, used) =>
  decimal.max(decimal.subtract(decimal.divide(cap, price, places, "down"), used), "0");

/** Return how much of the asset the supply cap still takes. */
export const supplyRoomDown = (asset, pool) =>
  decimal.trim(room(asset.supplyCap, asset.exactPriceUSD, asset.decimals, pool.totalSupply));

/** Return how much of the asset the borrow cap still lends. */
export const borrowRoomDown = (asset, pool) =>
  decimal.trim(room(asset.borrowCap, asset.exactPriceUSD, asset.decimals, pool.totalBorrow));

/** Say why a pool takes no supply, or "". */
export function whyNoSupply(pool) {
  if (pool.protocolPaused) return "The protocol is paused; withdrawing and repaying stay open.";
  return pool.isActive && !pool.supplyPaused ? "" : "This market takes no supply now.";
}

/** Say why a pool lends nothing, or "". */
export function whyNoBorrow(asset, pool) {
  if (pool.protocolPaused) return "The protocol is paused; repaying and adding collateral stay open.";
  const isOpen = pool.isActive && !pool.borrowPaused && asset.isBorrowable;
  return isOpen ? "" : "This market lends nothing now.";
}
