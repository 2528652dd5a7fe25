/**
 * What the server would refuse of a change to a borrow position, in words; "" where it would not. Pure.
 *
 * `known` is {assets: Map of the terms, pool: row of the pool that lends, wallet: text}.
 */

import * as decimal from "../ui/decimal.js";
import { borrowRoomDown, whyNoBorrow } from "./limits.js";
import * as risk from "./risk.js";

/** Say which asset of a position is frozen: then nothing may be borrowed or removed. */
export function whyFrozen(position, assets) {
  const symbols = [position.debt.asset, ...position.collaterals.map(({ asset }) => asset)];
  const frozen = symbols.find((symbol) => assets.get(symbol)?.isFrozen);
  return frozen ? `${frozen} is frozen: its price is stale or halted. Repaying and adding collateral stay open.` : "";
}

/** Return the most that can be borrowed now, in the debt's asset. */
export function mostToBorrow(position, { assets, pool }) {
  const asset = assets.get(position.debt.asset);
  return decimal.trim(
    decimal.min(risk.borrowableDown(position), borrowRoomDown(asset, pool), pool.available),
  );
}

/** Check borrowing `amount` more on a position that has its collateral already. */
export function whyNotBorrow(position, amount, { assets, pool }) {
  const asset = assets.get(position.debt.asset);
  const closed = whyNoBorrow(asset, pool) || whyFrozen(position, assets);
  if (closed) return closed;
  const value = decimal.multiply(amount, position.debt.spot);
  const capacity = risk.capacityDown(position);
  if (decimal.compare(value, capacity) > 0) {
    return `This collateral lends ${risk.usdDown(capacity)} USD; ${risk.usdUp(value)} USD are asked for.`;
  }
  const room = borrowRoomDown(asset, pool);
  if (decimal.compare(amount, room) > 0) return `The market's cap lends only ${room} ${asset.symbol} more.`;
  if (decimal.compare(amount, pool.available) > 0) {
    return `The market has ${pool.available} ${asset.symbol} at hand.`;
  }
  return whyDust(risk.withDebt(position, amount));
}

/** Check repaying `amount` from the wallet. */
export function whyNotRepay(position, amount, { wallet }) {
  const { debt } = position;
  if (decimal.compare(amount, wallet) > 0) return `Your wallet holds ${wallet} ${debt.asset}.`;
  if (decimal.compare(amount, debt.amount) > 0) return `The debt is ${debt.amount} ${debt.asset}.`;
  return whyDust(risk.withDebt(position, `-${amount}`));
}

/** Check taking `amount` of a collateral out. */
export function whyNotRemove(position, asset, amount, { assets }) {
  const frozen = decimal.isZero(position.debt.amount) ? "" : whyFrozen(position, assets);
  if (frozen) return frozen;
  const most = risk.removableDown(position, asset);
  if (decimal.compare(amount, most) > 0) {
    return `At most ${decimal.trim(most)} ${asset} can be taken out; the debt needs the rest.`;
  }
  return "";
}

/** Check locking `amount` of an asset; `available` is what the wallet, or the supplied balance, holds. */
export function whyNotAdd(asset, amount, available) {
  if (!asset.isCollateralEnabled) return `${asset.symbol} is not taken as collateral.`;
  if (decimal.compare(amount, available) > 0) return `You have ${available} ${asset.symbol} there.`;
  return "";
}

function whyDust(position) {
  if (!risk.isDustDebt(position)) return "";
  const left = risk.usdUp(risk.debtValue(position));
  return `A debt is zero or worth at least ${risk.MIN_DEBT} USD; this would leave ${left} USD.`;
}
