/** What belongs to the signed-in account and is read by REST: wallets; and the market's terms. */

import { get } from "./api.js";

/** Return a Map of what the wallets hold: symbol -> amount, a text. */
export async function wallets() {
  const { data } = await get("/v1/user/balances");
  return new Map(data.map(({ asset, amount }) => [asset, amount]));
}

/**
 * Return what computing takes, with exact prices: {assets: Map by symbol, tiers, rules}.
 *
 * A row of the stream writes prices with 2 decimals; what decides is decided with these.
 */
export async function terms() {
  const { data, creditTiers, rules } = await get("/v1/borrow/collateral-assets");
  return { assets: new Map(data.map((row) => [row.symbol, row])), tiers: creditTiers, rules };
}

/** Return one pool as it is now. */
export const pool = async (poolId) => (await get(`/v1/pools/${encodeURIComponent(poolId)}`)).data;

/** Return the caller's open supply position in a pool, or null. */
export async function supplyIn(poolId) {
  const { data } = await get("/v1/supply/positions", { pool: poolId });
  return data[0] ?? null;
}

/** Read the terms now and again while the page is looked at: `listen(terms)` hears of each. */
export function watchTerms(listen, everyMs = 5_000) {
  const ask = async () => {
    if (document.hidden) return;
    try {
      listen(await terms());
    } catch {
      // what is shown stays; the banner tells of a lost connection
    }
  };
  ask();
  setInterval(ask, everyMs);
  document.addEventListener("visibilitychange", ask);
}
