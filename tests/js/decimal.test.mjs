import assert from "node:assert/strict";
import { test } from "node:test";

import * as decimal from "../../realtime/static/ui/decimal.js";

const CASES = [
  ["a sum beyond the floats", decimal.add("0.1", "0.2"), "0.3"],
  ["a sum keeps the longer scale", decimal.add("1.50", "2.005"), "3.505"],
  ["a difference below zero", decimal.subtract("-0.5", "0.25"), "-0.75"],
  ["a number that begins with its point", decimal.add("-.5", "1."), "0.5"],
  ["a product is exact", decimal.multiply("1.000000000000000001", "3"), "3.000000000000000003"],
  ["a quotient rounded down", decimal.divide("2", "3", 4, "down"), "0.6666"],
  ["a quotient rounded up", decimal.divide("2", "3", 4, "up"), "0.6667"],
  ["up is away from zero", decimal.divide("-2", "3", 4, "up"), "-0.6667"],
  ["the ceiling is not", decimal.divide("-2", "3", 4, "ceiling"), "-0.6666"],
  ["what divides evenly is not rounded", decimal.divide("1", "4", 4, "up"), "0.2500"],
  ["half to even, down", decimal.round("0.125", 2, "even"), "0.12"],
  ["half to even, up", decimal.round("0.135", 2, "even"), "0.14"],
  ["above half", decimal.round("-0.1251", 2, "even"), "-0.13"],
  ["rounded to more places", decimal.roundDown("1.5", 3), "1.500"],
  ["no negative zero", decimal.roundDown("-0.001", 2), "0.00"],
  ["zeros trimmed", decimal.trim("120.500"), "120.5"],
  ["a whole number keeps its zeros", decimal.trim("1200"), "1200"],
  ["a sum of many", decimal.sum(["1", "2.5", "-0.5"]), "3.0"],
  ["the least", decimal.min("2", "10", "9.5"), "2"],
  ["the most", decimal.max("2", "10", "9.5"), "10"],
  ["a JSON number", decimal.multiply(0.82, "100"), "82.00"],
];

for (const [name, got, wanted] of CASES) {
  test(`${name}: ${wanted}`, () => assert.equal(got, wanted));
}

test("texts are compared as numbers", () => {
  assert.deepEqual(
    [["10", "9"], ["1.0", "1"], ["-1", "0.5"]].map(([a, b]) => decimal.compare(a, b)),
    [1, 0, -1],
  );
});

test("decimals are counted without trailing zeros", () => {
  assert.deepEqual(["1", "1.50", "0.000001"].map(decimal.decimals), [0, 1, 6]);
});

test("what is no plain number is refused", () => {
  for (const text of ["", "x", "1e5", "--1", "1.2.3", ".", "Infinity"]) {
    assert.equal(decimal.isDecimal(text), false, text);
    assert.throws(() => decimal.add(text, "1"), TypeError);
  }
  assert.throws(() => decimal.divide("1", "0", 2, "up"), RangeError);
  assert.throws(() => decimal.divide("1", "3", 2, "sideways"), RangeError);
});
