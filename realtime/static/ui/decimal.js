/**
 * Exact arithmetic of decimal texts, as the server does it: every rounding names its direction. Pure.
 *
 * Texts in, texts out: "12.50". No float ever touches an amount. What is no number is a TypeError.
 * Quotients are rounded once; the server rounds them to 80 digits first, which no amount of ours
 * tells apart.
 */

const PATTERN = /^-?(\d+\.?\d*|\.\d+)$/;

/** Tell whether a text is a plain decimal number. */
export const isDecimal = (text) => typeof text === "string" && PATTERN.test(text);

/** A number as digits and a scale: value = digits / 10^scale. */
function read(text) {
  const plain = typeof text === "number" ? String(text) : text;
  if (!isDecimal(plain)) throw new TypeError(`${text} is no decimal number`);
  const [whole, fraction = ""] = plain.split(".");
  return { digits: BigInt(whole + fraction), scale: fraction.length };
}

const ten = (power) => 10n ** BigInt(power);

function write(digits, scale) {
  const isNegative = digits < 0n;
  const text = String(isNegative ? -digits : digits).padStart(scale + 1, "0");
  const cut = text.length - scale;
  const plain = scale === 0 ? text : `${text.slice(0, cut)}.${text.slice(cut)}`;
  return isNegative ? `-${plain}` : plain;
}

function aligned(a, b) {
  const [left, right] = [read(a), read(b)];
  const scale = Math.max(left.scale, right.scale);
  return [left.digits * ten(scale - left.scale), right.digits * ten(scale - right.scale), scale];
}

/** Divide whole numbers, rounded: "down" towards zero, "up" away from it, "ceiling", "even". */
function quotient(a, b, rounding) {
  const result = a / b;
  const rest = a % b;
  if (rest === 0n) return result;
  const isNegative = a < 0n !== b < 0n;
  const away = result + (isNegative ? -1n : 1n);
  switch (rounding) {
    case "down":
      return result;
    case "up":
      return away;
    case "ceiling":
      return isNegative ? result : away;
    case "even": {
      const twice = 2n * (rest < 0n ? -rest : rest);
      const whole = b < 0n ? -b : b;
      if (twice === whole) return result % 2n === 0n ? result : away;
      return twice > whole ? away : result;
    }
    default:
      throw new RangeError(`there is no rounding ${rounding}`);
  }
}

/** Return -1, 0 or 1. */
export function compare(a, b) {
  const [left, right] = aligned(a, b);
  return left < right ? -1 : left > right ? 1 : 0;
}

export const isZero = (text) => read(text).digits === 0n;
export const isNegative = (text) => read(text).digits < 0n;
export const min = (...texts) => texts.reduce((a, b) => (compare(b, a) < 0 ? b : a));
export const max = (...texts) => texts.reduce((a, b) => (compare(b, a) > 0 ? b : a));

export function add(a, b) {
  const [left, right, scale] = aligned(a, b);
  return write(left + right, scale);
}

export function subtract(a, b) {
  const [left, right, scale] = aligned(a, b);
  return write(left - right, scale);
}

export const sum = (texts) => texts.reduce(add, "0");

/** Return a x b, exactly. */
export function multiply(a, b) {
  const [left, right] = [read(a), read(b)];
  return write(left.digits * right.digits, left.scale + right.scale);
}

/** Return a / b with so many decimals; b is not zero. */
export function divide(a, b, places, rounding) {
  const [left, right] = aligned(a, b);
  if (right === 0n) throw new RangeError("nothing is divided by zero");
  return write(quotient(left * ten(places), right, rounding), places);
}

/** Return the number with exactly so many decimals. */
export function round(text, places, rounding) {
  const { digits, scale } = read(text);
  if (scale <= places) return write(digits * ten(places - scale), places);
  return write(quotient(digits, ten(scale - places), rounding), places);
}

export const roundDown = (text, places) => round(text, places, "down");
export const roundUp = (text, places) => round(text, places, "up");

/** Return the number without trailing zeros. */
export function trim(text) {
  const { digits, scale } = read(text);
  const plain = write(digits, scale);
  return plain.includes(".") ? plain.replace(/\.?0+$/, "") : plain;
}

/** Return how many decimals are written, trailing zeros not counted. */
export const decimals = (text) => trim(text).split(".")[1]?.length ?? 0;
