import assert from "node:assert/strict";
import { test } from "node:test";

import { moved } from "../../realtime/static/pages/moved.js";

const supply = { kind: "supply", positionId: "s", status: "open", balance: "100.5", interestEarned: "0.5" };
const loan = {
  kind: "borrow", positionId: "b", status: "safe", principal: "80", debt: "80.1",
  collateral: [{ symbol: "ETH", amount: "1", valueUSD: "2000" }],
};
const before = moved([supply, loan]);

test("interest, prices and zones move no money", () => {
  const later = { ...supply, balance: "100.7", interestEarned: "0.7" };
  const fallen = { ...loan, debt: "80.2", status: "danger", collateral: [{ symbol: "ETH", amount: "1", valueUSD: "9" }] };
  assert.equal(moved([later, fallen, { kind: "account" }]), before);
});

test("operations do", () => {
  for (const rows of [
    [{ ...supply, balance: "110.5" }, loan],
    [supply, { ...loan, principal: "70" }],
    [supply, { ...loan, collateral: [{ symbol: "ETH", amount: "2" }] }],
    [supply, { ...loan, status: "closed" }],
    [supply],
  ]) {
    assert.notEqual(moved(rows), before);
  }
});
