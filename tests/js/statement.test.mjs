import assert from "node:assert/strict";
import { test } from "node:test";

import { accountText, kindText, queryOf } from "../../realtime/static/pages/statement.js";

test("kinds and accounts in words", () => {
  assert.equal(kindText("add_collateral"), "Add collateral");
  assert.equal(accountText("debt:brw_1"), "Debt");
  assert.equal(accountText("fee_share:x"), "Fee share");
});

test("filters ask for what is set alone; the last day counts whole", () => {
  const none = { type: "", asset: "", reference: " ", from: "", to: "" };
  assert.deepEqual(queryOf(none), {});
  const query = queryOf({ ...none, asset: "ETH", reference: " brw_1 ", from: "2026-03-01", to: "2026-03-01" });
  assert.equal(query.asset, "ETH");
  assert.equal(query.reference, "brw_1");
  const hours = (Date.parse(query.to) - Date.parse(query.from)) / 3_600_000;
  assert.ok(hours >= 23 && hours <= 25, "a day, also where the clocks change");
});
