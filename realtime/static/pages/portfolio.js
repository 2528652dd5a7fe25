/**
 * What an account was worth over time: every entry of its statement, at the price of each moment. Pure.
 *
 * 1. Nothing is made up: before the first recorded price of an asset that is held there is no value.
 * 2. Floats: this is drawn, nothing is decided by it. What decides is text (ui/decimal.js).
 */

/** Kinds of entries that bring money from outside or take it there; all else is profit or loss. */
export const FLOWS = new Set([
  "deposit",
  "withdrawal",
  "faucet",
  "margin_transfer",
  "backstop",
  "treasury",
  "treasury_spend",
  "proposal_deposit",
]);

/** Return the lines of the statement's CSV as [{at (ms), kind, asset, amount}], oldest first. */
export function entriesOf(text) {
  const [head, ...lines] = text.split("\r\n").filter(Boolean).map(cells);
  const [at, kind, asset, amount] = ["at", "type", "asset", "amount"].map((name) => head.indexOf(name));
  return lines
    .map((line) => ({ at: Date.parse(line[at]), kind: line[kind], asset: line[asset], amount: Number(line[amount]) }))
    .sort((a, b) => a.at - b.at);
}

function cells(line) {
  const found = line.matchAll(/("((?:[^"]|"")*)"|[^,]*)(?:,|$)/g);
  return [...found].map(([, plain, quoted]) => quoted?.replaceAll('""', '"') ?? plain);
}

/** Return a Map of what is held of each asset after the entries up to a moment. */
export function holdings(entries, until = Infinity) {
  const held = new Map();
  for (const { at, asset, amount } of entries) {
    if (at <= until) held.set(asset, (held.get(asset) ?? 0) + amount);
  }
  return held;
}

/** Return the worth of holdings at prices (a function of the asset), or null where one has no price. */
export function worth(held, priceOf) {
  let sum = 0;
  for (const [asset, amount] of held) {
    if (Math.abs(amount) < 1e-12) continue;
    const price = priceOf(asset);
    if (price === null || price === undefined) return null;
    sum += amount * price;
  }
  return sum;
}

/**
 * Return [times (s), values]: one point for each moment of the price histories.
 * @param {{at: number, asset: string, amount: number}[]} entries oldest first
 * @param {Map<string, {at: number, price: number|null}[]>} histories by asset, equally long
 */
export function over(entries, histories) {
  const moments = [...histories.values()][0]?.map(({ at }) => at) ?? [];
  const held = new Map();
  const values = [];
  let next = 0;
  moments.forEach((moment, i) => {
    for (; next < entries.length && entries[next].at <= moment; next += 1) {
      const { asset, amount } = entries[next];
      held.set(asset, (held.get(asset) ?? 0) + amount);
    }
    values.push(held.size === 0 ? null : worth(held, (asset) => histories.get(asset)?.[i]?.price));
  });
  return [moments.map((moment) => moment / 1000), values];
}

/** Return what came from outside since a moment, less what went there, at these prices; null as `worth`. */
export function flowsSince(entries, since, priceOf) {
  const moved = holdings(entries.filter(({ at, kind }) => at > since && FLOWS.has(kind)));
  return worth(moved, priceOf);
}
