/**
 * The risk of one borrow position, computed as the server computes it: exact, the same roundings. Pure.
 *
 * 1. Decisions compare exact products; only what is shown is rounded, against the position.
 * 2. Capacity values collateral at the lower of spot and 5-minute average, health at spot.
 *
 * Amounts, prices and values are decimal texts. A position is
 * {collaterals: [{asset, amount, places, spot, capacity, ltv, threshold, haircut}],
 *  debt: {asset, amount, places, spot}, tier: {maxLTV}}.
 */

import * as decimal from "../ui/decimal.js";

const { add, compare, divide, isZero, multiply, roundDown, roundUp, subtract } = decimal;

const HEALTH_PLACES = 4;
const PRICE_PLACES = 8;
const CAPACITY_PLACES = 18;
export const MIN_HEALTH_TO_BORROW = "1.20";
export const LIQUIDATABLE_BELOW = "0.95";
export const MIN_DEBT = "100"; // USD
/** The lowest health factor of each zone, from the best to the worst. */
export const ZONES = [
  ["1.5", "safe"],
  ["1.2", "caution"],
  ["1.05", "danger"],
  ["1", "critical"],
  ["0.95", "margin_call"],
];

const total = (position, worth) => decimal.sum(["0", ...position.collaterals.map(worth)]);
const weight = (held) => multiply(held.threshold, held.haircut);
const held = (position, asset) => position.collaterals.find((one) => one.asset === asset);
const notBelowZero = (text) => decimal.max(text, "0");

/** Return the exact value of all collateral. */
export const collateralValue = (position) =>
  total(position, (one) => multiply(one.amount, one.spot));

/** Return the exact sum of value x threshold x haircut, at spot or at the prices of capacity. */
export const weightedValue = (position, basis = "spot") =>
  total(position, (one) => multiply(multiply(one.amount, one[basis]), weight(one)));

/** Return the exact value of the debt. */
export const debtValue = ({ debt }) => multiply(debt.amount, debt.spot);

/** Return the health factor as it is shown, 4 decimals down; null if infinite. */
export function healthFactorDown(position) {
  const debt = debtValue(position);
  return isZero(debt) ? null : divide(weightedValue(position), debt, HEALTH_PLACES, "down");
}

/** Return the zone, decided exactly; without debt it is safe. */
export function zoneOf(position) {
  const [weighted, debt] = [weightedValue(position), debtValue(position)];
  const found = ZONES.find(([lowest]) => compare(weighted, multiply(lowest, debt)) >= 0);
  return found?.[1] ?? "liquidatable";
}

/** Return the zone of a health factor as it is shown: rounded down, it lies in the same one. */
export function zoneOfFactor(factor) {
  if (factor === null || factor === undefined) return "safe";
  return ZONES.find(([lowest]) => compare(String(factor), lowest) >= 0)?.[1] ?? "liquidatable";
}

/** Return debt / collateral as it is shown, 4 decimals up; null without collateral. */
export function ltvUp(position) {
  const value = collateralValue(position);
  return isZero(value) ? null : divide(debtValue(position), value, HEALTH_PLACES, "up");
}

function ltvOfUnit(one, position) {
  const ltv = multiply(decimal.min(String(one.ltv), String(position.tier.maxLTV)), one.haircut);
  return multiply(one.capacity, ltv);
}

/** Return the two limits of debt: by the tier's LTV, and weighted collateral / 1.20. */
function limits(position) {
  const byLtv = total(position, (one) => multiply(one.amount, ltvOfUnit(one, position)));
  const weighted = weightedValue(position, "capacity");
  return [byLtv, divide(weighted, MIN_HEALTH_TO_BORROW, CAPACITY_PLACES, "down")];
}

/** Return the USD that can still be borrowed: the lower limit less the debt. */
export function capacityDown(position) {
  const room = subtract(decimal.min(...limits(position)), debtValue(position));
  return roundDown(notBelowZero(room), CAPACITY_PLACES);
}

/** Return the capacity in units of the debt's asset. */
export const borrowableDown = (position) =>
  divide(capacityDown(position), position.debt.spot, position.debt.places, "down");

/** Return how much of a collateral may leave so that both limits still cover the debt. */
export function removableDown(position, asset) {
  const one = held(position, asset);
  const debt = debtValue(position);
  if (isZero(debt)) return one.amount;
  const [byLtv, byHealth] = limits(position);
  const units = multiply(one.capacity, weight(one));
  const spare = multiply(subtract(byHealth, debt), MIN_HEALTH_TO_BORROW);
  const most = decimal.min(one.amount, divide(notBelowZero(spare), units, one.places, "down"));
  const unit = ltvOfUnit(one, position);
  if (isZero(unit)) return most;
  const room = notBelowZero(subtract(byLtv, debt));
  return decimal.min(most, divide(room, unit, one.places, "down"));
}

/**
 * Return the spot of one collateral at which health equals `at`, 8 decimals up, the others standing
 * still; null where no fall of this asset alone gets there.
 */
export function liquidationPriceUp(position, asset, at = LIQUIDATABLE_BELOW) {
  const one = held(position, asset);
  const rest = { ...position, collaterals: position.collaterals.filter((other) => other !== one) };
  const needed = subtract(multiply(at, debtValue(position)), weightedValue(rest));
  if (compare(needed, "0") <= 0 || isZero(one.amount)) return null;
  return divide(needed, multiply(one.amount, weight(one)), PRICE_PLACES, "up");
}

/** Return the change of price that liquidates, a fraction with 4 decimals: -0.4363. */
export const distanceUp = (price, spot) =>
  divide(subtract(price, spot), spot, HEALTH_PLACES, "ceiling");

/** Tell whether there is a debt worth less than 100 USD. */
export function isDustDebt(position) {
  const debt = debtValue(position);
  return !isZero(debt) && compare(debt, MIN_DEBT) < 0;
}

/** Return what is shown of values: collateral rounded down, debt up, 2 decimals. */
export const usdDown = (value) => roundDown(value, 2);
export const usdUp = (value) => roundUp(value, 2);

/** Return the position after collateral has come or gone; an asset it does not hold yet is `unit`. */
export function withCollateral(position, asset, change, unit = null) {
  const one = held(position, asset);
  if (!one) return { ...position, collaterals: [...position.collaterals, { ...unit, amount: change }] };
  const changed = { ...one, amount: add(one.amount, change) };
  return {
    ...position,
    collaterals: position.collaterals.map((other) => (other === one ? changed : other)),
  };
}

/** Return the position after its debt has risen or fallen. */
export const withDebt = (position, change) => ({
  ...position,
  debt: { ...position.debt, amount: add(position.debt.amount, change) },
});

/** Return the position with the prices of some assets multiplied: {ETH: "0.8"}. */
export function withPrices(position, factors) {
  const moved = (price, asset) => (factors[asset] ? multiply(price, factors[asset]) : price);
  return {
    ...position,
    collaterals: position.collaterals.map((one) => ({
      ...one,
      spot: moved(one.spot, one.asset),
      capacity: moved(one.capacity, one.asset),
    })),
    debt: { ...position.debt, spot: moved(position.debt.spot, position.debt.asset) },
  };
}

// --- from rows of the wire ------------------------------------------------------------------------------
/** Return an amount of an asset as collateral; `asset` is a row of the terms. */
export const collateralOf = (asset, amount) => ({
  asset: asset.symbol,
  amount,
  places: asset.decimals,
  spot: asset.exactPriceUSD,
  capacity: asset.capacityPriceUSD,
  ltv: asset.loanToValue,
  threshold: asset.liquidationThreshold,
  haircut: asset.haircut,
});

/** Return a debt; `asset` is a row of the terms. */
export const debtOf = (asset, amount) => ({
  asset: asset.symbol,
  amount,
  places: asset.decimals,
  spot: asset.exactPriceUSD,
});

/** Return a row of the `positions` channel as a position; `terms` are {assets: Map, tiers}. */
export const positionOf = (row, { assets, tiers }) => ({
  collaterals: row.collateral.map(({ symbol, amount }) => collateralOf(assets.get(symbol), amount)),
  debt: debtOf(assets.get(row.asset), row.debt),
  tier: tiers[row.creditTier],
});
