import assert from "node:assert/strict";
import { test } from "node:test";

import { ServerClock } from "../../realtime/static/client/server-clock.js";
import { ofLiquidation, ofResale, secondsOn } from "../../realtime/static/lending/auctions.js";

function clock() {
  const time = { now: 1_000 };
  return { time, clock: new ServerClock(() => time.now, () => 42) };
}

test("until the server has spoken this device's clock holds", () => {
  assert.equal(clock().clock.now(), 42);
});

test("the latest saying is the nearest, and the clock goes on from it", () => {
  const { time, clock: server } = clock();
  server.take(500_000); // a second that was nearly over
  time.now += 600;
  server.take(501_000);
  assert.equal(server.now(), 501_000);
  time.now += 250;
  assert.equal(server.now(), 501_250);
  server.take(501_000); // the same second again: late
  assert.equal(server.now(), 501_250);
  server.take(NaN);
  assert.equal(server.now(), 501_250);
});

test("sayings of long ago are forgotten, and all of them after a sleep", () => {
  const { time, clock: server } = clock();
  server.take(900_000);
  for (let i = 0; i < 12; i += 1) server.take(500_000);
  assert.equal(server.now(), 500_000);
  server.forget();
  assert.equal(server.now(), 42);
  time.now += 1;
});

const LOAN = {
  auctionId: "auc_1", finalTier: "SoftLiquidation", debtAsset: "USDC", minimumBid: "375", maximumBid: "3750",
  clockSeconds: 300, secondsLeft: 150, isLive: true, bonusCap: 0.1, healthFactor: 0.92,
  collateral: [{ symbol: "ETH", amount: "10", maxBonus: 0.05, bonus: 0.025 }],
};

test("both kinds of auction have one shape", () => {
  const loan = ofLiquidation(LOAN, 5_000);
  assert.deepEqual(loan.curve, { most: 0.05, clockSeconds: 300, cap: 0.1 });
  assert.deepEqual([loan.seconds, loan.pays, loan.gives], [150, "USDC", [{ symbol: "ETH", amount: "10" }]]);
  const lot = ofResale(
    { resaleId: "rsl_1", tier: "Resale", paymentAsset: "USDC", collateralAsset: "ETH", left: "2", minimumBid: "1",
      maximumBid: "9", maxDiscount: 0.05, clockSeconds: 300, secondsLeft: 300, isLive: true }, 0);
  assert.deepEqual([lot.id, lot.curve.cap, lot.health], ["rsl_1", null, null]);
});

test("what cannot be bid for is no auction", () => {
  assert.equal(ofLiquidation({ ...LOAN, collateral: [] }, 0), null);
  assert.equal(ofLiquidation({ auctionId: "auc_1" }, 0), null, "it has just been settled");
  assert.equal(ofResale({ resaleId: "rsl_1" }, 0), null);
});

test("an auction's clock goes on from where its row left it, and stands without live prices", () => {
  const loan = ofLiquidation(LOAN, 5_000);
  assert.equal(secondsOn(loan, 15_000), 160);
  assert.equal(secondsOn(loan, 900_000), 300);
  assert.equal(secondsOn(loan, 4_000), 150);
  assert.equal(secondsOn({ ...loan, isLive: false }, 15_000), 150);
});
