/**
 * One shape for the two kinds of auction: liquidations, and resales of what the backstop seized. Pure.
 *
 * Knows rows of REST. `at` is when a row came, in ms of a clock that only rises.
 */

/**
 * @typedef {object} Auction
 * @property {string} id  of the auction: what bids are sent to
 * @property {"liquidation"|"resale"} kind
 * @property {string} tier
 * @property {string} pays  symbol of the asset bids are in
 * @property {{symbol: string, amount: string}[]} gives
 * @property {string} least  smallest bid
 * @property {string} most  largest bid: all that is left
 * @property {import("./bonus.js").Curve} curve
 * @property {number} seconds  passed on its clock when the row came
 * @property {boolean} isLive  the clock moves and bids are taken
 * @property {number|null} health
 * @property {number} at
 */

/** Return an open liquidation as an auction; null if there is nothing to bid for. */
export function ofLiquidation(row, at) {
  if (row.clockSeconds === undefined || row.collateral.length === 0) return null;
  const [first] = row.collateral;
  return {
    id: row.auctionId,
    kind: "liquidation",
    tier: row.finalTier,
    pays: row.debtAsset,
    gives: row.collateral.map(({ symbol, amount }) => ({ symbol, amount })),
    least: row.minimumBid,
    most: row.maximumBid,
    curve: { most: first.maxBonus, clockSeconds: row.clockSeconds, cap: row.bonusCap },
    seconds: row.clockSeconds - row.secondsLeft,
    isLive: row.isLive,
    health: row.healthFactor,
    at,
  };
}

/** Return an open resale as an auction. */
export function ofResale(row, at) {
  if (row.clockSeconds === undefined) return null;
  return {
    id: row.resaleId,
    kind: "resale",
    tier: row.tier,
    pays: row.paymentAsset,
    gives: [{ symbol: row.collateralAsset, amount: row.left }],
    least: row.minimumBid,
    most: row.maximumBid,
    curve: { most: row.maxDiscount, clockSeconds: row.clockSeconds, cap: null },
    seconds: row.clockSeconds - row.secondsLeft,
    isLive: row.isLive,
    health: null,
    at,
  };
}

/** Return the seconds on an auction's clock now; it stands while prices are not live. */
export function secondsOn(auction, now) {
  const passed = auction.isLive ? Math.max(0, (now - auction.at) / 1000) : 0;
  return Math.min(auction.seconds + passed, auction.curve.clockSeconds);
}
