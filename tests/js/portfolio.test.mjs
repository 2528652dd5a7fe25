import assert from "node:assert/strict";
import { test } from "node:test";

import * as portfolio from "../../realtime/static/pages/portfolio.js";

const CSV = [
  "at,type,asset,amount,account,reference,memo,movementId,id",
  "2026-03-01T12:00:00.000Z,supply,USDC,-100,wallet:u,sup,\"a, \"\"b\"\"\",m2,3",
  "2026-03-01T12:00:00.000Z,supply,USDC,100,supply:s,sup,,m2,2",
  "2026-03-01T10:00:00.000Z,deposit,USDC,150.5,wallet:u,,,m1,1",
  "",
].join("\r\n");
const hour = (n) => Date.parse(`2026-03-01T${String(n).padStart(2, "0")}:00:00Z`);

test("the statement is read, oldest first", () => {
  const entries = portfolio.entriesOf(CSV);
  assert.deepEqual(entries.map(({ kind, amount }) => [kind, amount]), [["deposit", 150.5], ["supply", -100], ["supply", 100]]);
  assert.equal(portfolio.holdings(entries).get("USDC"), 150.5);
});

test("worth follows entries and prices; before the first entry there is none", () => {
  const entries = [
    { at: hour(10), asset: "USDC", amount: 100 },
    { at: hour(11), asset: "ETH", amount: 2 },
    { at: hour(11), asset: "USDC", amount: -80 },
  ];
  const line = (prices) => prices.map((price, i) => ({ at: hour(9 + i), price }));
  const histories = new Map([["USDC", line([1, 1, 1, 1])], ["ETH", line([40, 40, 40, 50])]]);
  const [times, values] = portfolio.over(entries, histories);
  assert.deepEqual(times, [9, 10, 11, 12].map((n) => hour(n) / 1000));
  assert.deepEqual(values, [null, 100, 100, 120]);
});

test("what has no price has no worth, unless nothing of it is held", () => {
  const none = () => null;
  assert.equal(portfolio.worth(new Map([["X", 1]]), none), null);
  assert.equal(portfolio.worth(new Map([["X", 0]]), none), 0);
  assert.deepEqual(portfolio.over([], new Map()), [[], []]);
});

test("money from outside is no profit", () => {
  const entries = portfolio.entriesOf(CSV);
  assert.equal(portfolio.flowsSince(entries, hour(9), () => 2), 301);
  assert.equal(portfolio.flowsSince(entries, hour(11), () => 2), 0);
});
