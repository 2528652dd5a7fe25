/**
 * An order as the ticket holds it: what is wrong with it, and what is sent. Pure.
 *
 * Prices and sizes are texts and stay exact. Refuses what the server would refuse of a single order;
 * margin is the server's to judge.
 *
 * @typedef {{assetId: string, coin: string, sizePlaces: number, pricePlaces: number,
 *            maxLeverage: number}} Market
 * @typedef {{kind: "market"|"limit"|"trigger"|"twap", isBuy: boolean, size: string, price: string,
 *            tif: "Gtc"|"Ioc"|"Alo", isReduceOnly: boolean, trigger: string, tpsl: "tp"|"sl",
 *            isMarketTrigger: boolean, minutes: string, isRandom: boolean}} Ticket
 */

import * as decimal from "../ui/decimal.js";

const DIGITS = 5; // significant ones of a price that is no whole number
const BAND = "0.05"; // of the mark
const MOST_MINUTES = 1_440; // of a TWAP order

/** Say what is wrong with a size, or "". */
export function sizeProblem(size, { sizePlaces, coin }) {
  if (size === "") return "Enter a size.";
  if (!decimal.isDecimal(size)) return "This is not a number.";
  if (decimal.compare(size, "0") <= 0) return "The size must be above 0.";
  if (decimal.decimals(size) > sizePlaces) return `${coin} has at most ${sizePlaces} decimals.`;
  return "";
}

/** Say what is wrong with a price, or ""; a trigger may be anywhere, so it has no mark. */
export function priceProblem(price, { pricePlaces }, mark = null) {
  if (price === "") return "Enter a price.";
  if (!decimal.isDecimal(price)) return "This is not a number.";
  if (decimal.compare(price, "0") <= 0) return "The price must be above 0.";
  if (decimal.decimals(price) > pricePlaces) return `At most ${pricePlaces} decimals.`;
  if (decimal.decimals(price) > 0 && digits(price) > DIGITS) return `At most ${DIGITS} digits.`;
  if (mark !== null) {
    const away = decimal.subtract(price, mark).replace("-", "");
    if (decimal.compare(away, decimal.multiply(mark, BAND)) > 0) return "At most 5 % from the mark.";
  }
  return "";
}

const digits = (text) => decimal.trim(text).replace(/[-.]/g, "").replace(/^0+/, "").length;

/** Say what is wrong with the minutes that a TWAP order takes, or "". */
export function minutesProblem(minutes) {
  const isWhole = /^\d{1,4}$/.test(minutes);
  if (isWhole && Number(minutes) >= 1 && Number(minutes) <= MOST_MINUTES) return "";
  return minutes === "" ? "Enter how long it takes." : `Whole minutes, 1 to ${MOST_MINUTES}.`;
}

/** Return {size, price, trigger, minutes}: what is wrong with each field of a ticket, "" where nothing is. */
export function problems(ticket, market, mark) {
  const isLimit = ticket.kind === "limit" || (ticket.kind === "trigger" && !ticket.isMarketTrigger);
  const band = ticket.kind === "limit" ? mark : null;
  return {
    size: sizeProblem(ticket.size, market),
    price: isLimit ? priceProblem(ticket.price, market, band) : "",
    trigger: ticket.kind === "trigger" ? priceProblem(ticket.trigger, market) : "",
    minutes: ticket.kind === "twap" ? minutesProblem(ticket.minutes) : "",
  };
}

/** Return the action that places the ticket's order. */
export function orderAction(ticket, market) {
  const { kind, isBuy, size, price, tif, isReduceOnly, trigger, tpsl, isMarketTrigger } = ticket;
  const t = { market: { limit: { tif: "Ioc" } }, limit: { limit: { tif } } }[kind] ?? {
    trigger: { isMarket: isMarketTrigger, triggerPx: decimal.trim(trigger), tpsl },
  };
  const isMarket = kind === "market" || (kind === "trigger" && isMarketTrigger);
  const p = isMarket ? "0" : decimal.trim(price);
  return {
    type: "order",
    orders: [{ a: market.assetId, b: isBuy, p, s: decimal.trim(size), t, r: isReduceOnly }],
    grouping: "na",
  };
}

/** Return the action that closes a position at the market. */
export function closeAction(szi, market) {
  const isLong = !decimal.isNegative(szi);
  const ticket = { kind: "market", isBuy: !isLong, size: szi.replace("-", ""), isReduceOnly: true };
  return orderAction(ticket, market);
}

/** Return the action that places the ticket's TWAP order, a slice every 30 s. */
export function twapAction({ isBuy, size, minutes, isReduceOnly, isRandom }, market) {
  return {
    type: "twapOrder",
    asset: market.assetId,
    isBuy,
    sz: decimal.trim(size),
    durationMinutes: Number(minutes),
    reduceOnly: isReduceOnly,
    randomize: isRandom,
  };
}

/** Return what came of a TWAP order in words: {text, isBad}. */
export function twapOutcome(answer) {
  if (answer.wasDone) return { text: "The order was taken before.", isBad: false };
  const { error } = answer.response.data;
  return error ? { text: error, isBad: true } : { text: "The TWAP order has started.", isBad: false };
}

/** Return the action that gives an open order a new price and a new total size. */
export const modifyAction = (oid, price, size) => ({
  type: "modify",
  oid,
  order: { p: decimal.trim(price), s: decimal.trim(size) },
});

/** Return what came of an order in words: {text, isBad}. */
export function outcome(answer, coin) {
  if (answer.wasDone) return { text: "The order was taken before.", isBad: false };
  const { error, filled, resting } = answer.response.data.statuses[0];
  if (error) return { text: error, isBad: true };
  if (filled) {
    const rest = resting ? "; the rest stays in the book" : "";
    return { text: `Traded ${filled.totalSz} ${coin} at ${filled.avgPx}${rest}.`, isBad: false };
  }
  return { text: resting ? "The order is in the book." : "The order waits for its trigger.", isBad: false };
}

/** Return what an order is worth and the margin it asks for, as texts in USD, or null. */
export function cost(size, price, leverage) {
  if (!decimal.isDecimal(size) || !decimal.isDecimal(price ?? "")) return null;
  const value = decimal.roundUp(decimal.multiply(size, price), 2);
  return { value, margin: decimal.divide(value, String(leverage), 2, "up") };
}

/** Return a position's live figures at a mark: value, unrealised P&L and its share of the margin. */
export function livePosition(position, mark) {
  if (mark === null) return position;
  const size = position.szi;
  const value = decimal.roundDown(decimal.multiply(size.replace("-", ""), mark), 2);
  const move = decimal.subtract(mark, position.entryPx);
  const pnl = decimal.round(decimal.multiply(size, move), 2, "even");
  const margin = Number(position.marginUsed);
  const roe = margin > 0 ? Number(pnl) / margin : null;
  return { ...position, positionValue: value, unrealizedPnl: pnl, returnOnEquity: roe, mark };
}

/** Return levels with the sum of what stands before each, and that sum's share of the largest. */
export function withDepth(levels, most) {
  let total = "0";
  const summed = levels.slice(0, most).map((level) => {
    total = decimal.add(total, level.sz);
    return { ...level, total };
  });
  return summed.map((level) => ({ ...level, share: Number(level.total) / Number(total) }));
}

/** Return the spread of a book as a fraction of its middle, or null. */
export function spread([bids, asks]) {
  if (!bids.length || !asks.length) return null;
  const [bid, ask] = [Number(bids[0].px), Number(asks[0].px)];
  return { absolute: decimal.subtract(asks[0].px, bids[0].px), fraction: (ask - bid) / ((ask + bid) / 2) };
}

/** Take a price into candles: it moves the last one, or opens the next. Returns a new list. */
export function withPrice(candles, price, at, lengthMs, most = 500) {
  const last = candles.at(-1);
  const t = Math.floor(at / lengthMs) * lengthMs;
  if (!last || t < last.t) return candles;
  if (t === last.t) {
    const moved = { ...last, h: Math.max(last.h, price), l: Math.min(last.l, price), c: price };
    return [...candles.slice(0, -1), moved];
  }
  return [...candles, { t, o: last.c, h: Math.max(last.c, price), l: Math.min(last.c, price), c: price }].slice(-most);
}
