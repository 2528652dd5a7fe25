import assert from "node:assert/strict";
import { test } from "node:test";

import { SPAN_MS, STEPS, Series } from "../../realtime/static/ui/series.js";

const STEP = SPAN_MS / STEPS;
const NOON = Date.parse("2026-03-01T12:00:00Z");

test("a year of prices each second keeps the size of a day", () => {
  const series = new Series();
  for (let i = 0; i < 100_000; i += 1) series.push(NOON + i * 300_000, i);
  assert.ok(series.values.length <= STEPS);
  assert.equal(series.values.at(-1), 99_999);
  assert.ok(series.times[0] >= series.times.at(-1) - SPAN_MS);
});

test("a price within the last step moves its end", () => {
  const series = new Series();
  series.push(NOON, 1);
  series.push(NOON + STEP - 1, 2);
  assert.deepEqual(series.values, [2]);
});

test("a price of the past does not go back", () => {
  const series = new Series();
  series.push(NOON, 1);
  series.push(NOON + STEP, 2);
  series.push(NOON, 3);
  assert.deepEqual(series.values, [1, 3]);
  assert.ok(series.times[0] < series.times[1]);
});

test("a history of another time is moved to end now", () => {
  const series = new Series();
  series.load(
    [
      { timestamp: "2017-01-01T00:00:00Z", price: "1.50" },
      { timestamp: "2017-01-01T12:00:00Z", price: null },
      { timestamp: "2017-01-02T00:00:00Z", price: "2.50" },
    ],
    NOON,
  );
  assert.deepEqual(series.values, [1.5, 2.5]);
  assert.equal(series.times.at(-1), NOON);
  series.push(NOON + STEP, 3);
  assert.equal(series.values.length, 2, "the oldest is a day old and goes");
});

test("what is no number is left out", () => {
  const series = new Series();
  series.push(NOON, Number("x"));
  series.push(Number.NaN, 1);
  series.load([], NOON);
  assert.ok(series.isEmpty);
  assert.equal(series.summary(), null);
});

test("the summary names the ends and the extremes", () => {
  const series = new Series();
  [5, 9, 1, 4].forEach((value, i) => series.push(NOON + i * STEP, value));
  assert.deepEqual(series.summary(), { first: 5, last: 4, low: 1, high: 9 });
});
