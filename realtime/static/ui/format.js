/** Numbers and times as people read them, in the browser's language. Pure but for the locale. */

export const NOTHING = "–";
const MINUS = "\u2212";

const percent = new Intl.NumberFormat(undefined, {
  style: "percent",
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
});
const wholePercent = new Intl.NumberFormat(undefined, { style: "percent" });
const localTime = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const prices = new Map(); // decimals -> formatter

/** Format a price, a decimal string in USD: cents, and below a dollar what matters there. */
export function usd(text) {
  if (text === null || text === undefined) return NOTHING;
  const size = Math.abs(Number(text));
  const decimals = size >= 1 || size === 0 ? 2 : size >= 0.0001 ? 6 : 8;
  if (!prices.has(decimals)) {
    prices.set(
      decimals,
      new Intl.NumberFormat(undefined, {
        style: "currency",
        currency: "USD",
        currencyDisplay: "narrowSymbol",
        minimumFractionDigits: decimals,
        maximumFractionDigits: decimals,
      }),
    );
  }
  return prices.get(decimals).format(text);
}

const cents = new Intl.NumberFormat(undefined, {
  style: "currency",
  currency: "USD",
  currencyDisplay: "narrowSymbol",
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
});

/** Format a sum of USD, a decimal string, in cents however small it is: a gain, a fee, a margin. */
export function usdCents(text) {
  return text === null || text === undefined ? NOTHING : cents.format(text);
}

const compact = new Intl.NumberFormat(undefined, {
  style: "currency",
  currency: "USD",
  currencyDisplay: "narrowSymbol",
  notation: "compact",
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
});
const health = new Intl.NumberFormat(undefined, {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
  roundingMode: "floor",
});
const amounts = new Map(); // decimals -> formatter

/** Format a large sum of USD, a decimal string: $32.01M. */
export function usdShort(text) {
  if (text === null || text === undefined) return NOTHING;
  return Math.abs(Number(text)) < 10_000 ? usd(text) : compact.format(text);
}

const cents = new Intl.NumberFormat(undefined, {
  style: "currency",
  currency: "USD",
  currencyDisplay: "narrowSymbol",
});

/** Format a gain or a loss in USD, a number, in cents and with its sign. */
export function signedUsd(value) {
  const sign = Math.round(value * 100) === 0 ? "" : value > 0 ? "+" : MINUS;
  return sign + cents.format(Math.abs(value));
}

/** Format an amount of an asset, a decimal string, rounded down: never more than there is. */
export function amount(text, decimals = 6) {
  if (text === null || text === undefined) return NOTHING;
  const places = Math.min(decimals, Math.abs(Number(text)) >= 1000 ? 2 : 6);
  if (!amounts.has(places)) {
    const options = { maximumFractionDigits: places, roundingMode: "trunc" };
    amounts.set(places, new Intl.NumberFormat(undefined, options));
  }
  return amounts.get(places).format(text);
}

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const point = new Intl.NumberFormat(undefined).formatToParts(0.5).find(({ type }) => type === "decimal").value;

/** Format an amount of an asset to its last digit, a decimal string that is not negative. */
export function exact(text) {
  const [digits, fraction] = text.split(".");
  return whole.format(BigInt(digits)) + (fraction ? point + fraction : "");
}

const compactAmount = new Intl.NumberFormat(undefined, {
  notation: "compact",
  maximumFractionDigits: 2,
});

/** Format a large amount of an asset, a decimal string: 24.85M. */
export function amountShort(text) {
  if (text === null || text === undefined) return NOTHING;
  return Math.abs(Number(text)) < 10_000 ? amount(text, 2) : compactAmount.format(text);
}

/** Format a yield or a ratio, a fraction, without a sign: 3.67%. */
export function rate(fraction) {
  return fraction === null || fraction === undefined ? NOTHING : percent.format(fraction);
}

/** Format a health factor, rounded down; without debt it is infinite. */
export function healthFactor(value) {
  return value === null || value === undefined ? "∞" : health.format(value);
}

/** Return the direction of a change as it will be shown: what rounds to 0.00 % is flat. */
export function direction(fraction) {
  const shown = Math.round((fraction ?? 0) * 10_000);
  return shown > 0 ? "up" : shown < 0 ? "down" : "flat";
}

/** Format a change, a fraction, with its sign. */
export function change(fraction) {
  if (fraction === null || fraction === undefined) return NOTHING;
  const sign = { up: "+", down: MINUS, flat: "" }[direction(fraction)];
  return sign + percent.format(Math.abs(fraction));
}

/** Format a share from 0 to 1. */
export function share(fraction) {
  return fraction === null || fraction === undefined ? NOTHING : wholePercent.format(fraction);
}

/** Format an age in ms; `isAtLeast` if it is not known how much older it is. */
export function age(ms, isAtLeast = false) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 2 && !isAtLeast) return "now";
  return `${isAtLeast ? "over " : ""}${span(seconds)}${isAtLeast ? "" : " ago"}`;
}

/** Format a number of seconds in its largest unit. */
export function span(seconds) {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** Format a moment, ISO text: local time, for a title with UTC beside it. */
export function moment(iso) {
  const date = new Date(iso);
  return `${localTime.format(date)} (${date.toISOString().slice(11, 19)} UTC)`;
}

/** Format a clock time of a Date, local. */
export const clockTime = (date) => localTime.format(date);

/** Say in words where a price comes from. */
export function source(name) {
  return name === "oracle_aggregated" ? "Oracle" : name.replaceAll("_", " ");
}
