import assert from "node:assert/strict";
import { test } from "node:test";

import * as format from "../../realtime/static/ui/format.js";

const CASES = [
  ["cents from a dollar on", format.usd("67710.129"), "$67,710.13"],
  ["six decimals below a dollar", format.usd("0.1756608"), "$0.175661"],
  ["eight decimals below a hundredth of a cent", format.usd("0.00001234"), "$0.00001234"],
  ["zero", format.usd("0"), "$0.00"],
  ["a sum beyond the floats", format.usd("12345678901234567890.12"), "$12,345,678,901,234,567,890.12"],
  ["no price", format.usd(null), "–"],
  ["a rise", format.change(0.0365), "+3.65%"],
  ["a fall", format.change(-0.0182), "\u22121.82%"],
  ["what rounds to nothing has no sign", format.change(-0.00004), "0.00%"],
  ["no change known", format.change(null), "–"],
  ["a share", format.share(0.975), "98%"],
  ["an amount, rounded down", format.amount("1.2499999", 18), "1.249999"],
  ["a large amount", format.amount("108000.999", 6), "108,000.99"],
  ["an amount to its last digit", format.exact("1234567.000000000000000001"), "1,234,567.000000000000000001"],
  ["a whole amount", format.exact("12000"), "12,000"],
  ["a short amount", format.amountShort("24850000"), "24.85M"],
  ["a short sum", format.usdShort("32005442.04"), "$32.01M"],
  ["a gain", format.signedUsd(12.346), "+$12.35"],
  ["a loss", format.signedUsd(-0.5), "\u2212$0.50"],
  ["neither", format.signedUsd(-0.001), "$0.00"],
  ["a health factor, rounded down", format.healthFactor(1.0999), "1.09"],
  ["an infinite one", format.healthFactor(null), "∞"],
  ["a yield", format.rate(0.036702), "3.67%"],
  ["an age below two seconds", format.age(1_999), "now"],
  ["an age in seconds", format.age(59_999), "59 s ago"],
  ["an age in minutes", format.age(60_000), "1 min ago"],
  ["an age in hours", format.age(2 * 3_600_000), "2 h ago"],
  ["an age in days", format.age(50 * 3_600_000), "2 d ago"],
  ["an age of which the start is unknown", format.age(0, true), "over 0 s"],
  ["the oracle", format.source("oracle_aggregated"), "Oracle"],
  ["another source", format.source("manual_nav"), "manual nav"],
];

for (const [name, got, wanted] of CASES) {
  test(`${name}: ${wanted}`, () => assert.equal(got, wanted));
}

test("a direction is that of what is shown", () => {
  assert.deepEqual([0.01, -0.01, 0.00004, null].map(format.direction), ["up", "down", "flat", "flat"]);
});
