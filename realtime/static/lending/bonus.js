/**
 * The curve of a Dutch auction: what it gives above the price, second by second. Pure.
 *
 * It rises in a straight line to `most` at the end of the clock and stays there; `cap` cuts it off
 * where collateral would not pay for more. For drawing: what a bid gets is the server's to say.
 */

/** @typedef {{most: number, clockSeconds: number, cap: number | null}} Curve */

/** Return the bonus after so many seconds with live prices, as a fraction. */
export function bonusAt({ most, clockSeconds, cap }, seconds) {
  const passed = Math.min(Math.max(seconds, 0), clockSeconds);
  const bonus = (most * passed) / clockSeconds;
  return cap === null ? bonus : Math.min(bonus, cap);
}

/** Return the corners of the curve as [seconds, bonus], from the beginning to the end. */
export function corners(curve) {
  const { most, clockSeconds, cap } = curve;
  const points = [[0, bonusAt(curve, 0)]];
  if (cap !== null && cap > 0 && cap < most) points.push([(cap / most) * clockSeconds, cap]);
  points.push([clockSeconds, bonusAt(curve, clockSeconds)]);
  return points;
}
