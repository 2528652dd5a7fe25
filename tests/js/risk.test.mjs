import assert from "node:assert/strict";
import { test } from "node:test";

import * as refusals from "../../realtime/static/risk/refusals.js";
import * as risk from "../../realtime/static/risk/risk.js";

const eth = (amount, spot = "3245.67", more = {}) => ({
  asset: "ETH", amount, places: 18, spot, capacity: spot, ltv: 0.75, threshold: 0.82, haircut: 1, ...more,
});
const usdc = (amount, spot = "1") => ({ asset: "USDC", amount, places: 6, spot });
const position = (collaterals, debt, maxLTV = 0.5) => ({ collaterals, debt, tier: { maxLTV } });

// The worked example of the protocol's page: 10 ETH against 15,000 USDC, unrated.
const worked = position([eth("10")], usdc("15000"));

test("the worked example: values, health, LTV", () => {
  assert.equal(risk.usdDown(risk.collateralValue(worked)), "32456.70");
  assert.equal(risk.usdDown(risk.weightedValue(worked)), "26614.49");
  assert.equal(risk.healthFactorDown(worked), "1.7742", "rounded down, never up to 1.7743");
  assert.equal(risk.ltvUp(worked), "0.4622");
  assert.equal(risk.zoneOf(worked), "safe");
});

test("the worked example at 1690: below 0.95", () => {
  const fallen = risk.withPrices(worked, { ETH: "0.52069372425416" });
  const at = position([eth("10", "1690")], usdc("15000"));
  assert.equal(risk.healthFactorDown(at), "0.9238");
  assert.equal(risk.zoneOf(at), "liquidatable");
  assert.equal(risk.healthFactorDown(fallen), "0.9238");
});

test("the liquidation price brings health to 0.95 exactly, and a hair below it does not", () => {
  const price = risk.liquidationPriceUp(worked, "ETH");
  assert.equal(price, "1737.80487805");
  assert.equal(risk.zoneOf(position([eth("10", price)], usdc("15000"))), "margin_call");
  assert.equal(risk.zoneOf(position([eth("10", "1737.80487804")], usdc("15000"))), "liquidatable");
  assert.equal(risk.distanceUp(price, "3245.67"), "-0.4645");
});

test("without debt health is infinite and everything may leave", () => {
  const free = position([eth("10")], usdc("0"));
  assert.equal(risk.healthFactorDown(free), null);
  assert.equal(risk.zoneOf(free), "safe");
  assert.equal(risk.removableDown(free, "ETH"), "10");
  assert.equal(risk.liquidationPriceUp(free, "ETH"), null);
  assert.equal(risk.zoneOfFactor(null), "safe");
});

test("the lower average lends less than spot", () => {
  const slid = position([eth("10", "3245.67", { capacity: "3000" })], usdc("0"));
  assert.equal(risk.capacityDown(slid), "15000.000000000000000000");
  assert.equal(risk.borrowableDown(slid), "15000.000000");
});

test("what is borrowed at the limit is taken, a unit more is refused", () => {
  const free = position([eth("10")], usdc("0"));
  const assets = new Map([
    ["USDC", { symbol: "USDC", decimals: 6, borrowCap: "1000000", exactPriceUSD: "1", isBorrowable: true }],
    ["ETH", { symbol: "ETH" }],
  ]);
  const pool = { isActive: true, totalBorrow: "0", available: "16228.36" };
  const known = { assets, pool, wallet: "50" };
  assert.equal(refusals.mostToBorrow(free, known), "16228.35");
  assert.equal(refusals.whyNotBorrow(free, "16228.35", known), "");
  assert.match(refusals.whyNotBorrow(free, "16228.350001", known), /lends 16228\.35 USD; 16228\.36 USD/);
  assert.match(refusals.whyNotBorrow(free, "99.999999", known), /at least 100 USD; this would leave 100.00 USD/);
  const poor = { ...known, pool: { ...pool, available: "150" } };
  assert.match(refusals.whyNotBorrow(free, "151", poor), /150 USDC at hand/);
  const full = { ...known, pool: { ...pool, totalBorrow: "999900" } };
  assert.match(refusals.whyNotBorrow(free, "100.5", full), /only 100 USDC more/);
  const paused = { ...known, pool: { ...pool, borrowPaused: true } };
  assert.match(refusals.whyNotBorrow(free, "100", paused), /lends nothing now/);
  assets.set("ETH", { symbol: "ETH", isFrozen: true });
  assert.match(refusals.whyNotBorrow(free, "100", known), /ETH is frozen/);
});

test("repaying and removing are refused as the server does", () => {
  const assets = new Map([["ETH", {}], ["USDC", {}]]);
  const wallet = "14950";
  assert.equal(refusals.whyNotRepay(worked, "14900", { wallet }), "");
  assert.match(refusals.whyNotRepay(worked, "14950.1", { wallet }), /wallet holds/);
  assert.match(refusals.whyNotRepay(worked, "14901", { wallet }), /would leave 99.00 USD/);
  assert.match(refusals.whyNotRepay(worked, "15000.000001", { wallet: "20000" }), /debt is 15000/);
  assert.equal(refusals.whyNotRepay(worked, "15000", { wallet: "20000" }), "");
  const most = risk.removableDown(worked, "ETH");
  assert.equal(refusals.whyNotRemove(worked, "ETH", most, { assets }), "");
  assert.match(refusals.whyNotRemove(worked, "ETH", "5", { assets }), /At most 0\.\d+ ETH/);
  assets.set("USDC", { isFrozen: true });
  assert.match(refusals.whyNotRemove(worked, "ETH", "0.1", { assets }), /USDC is frozen/);
  const closed = { symbol: "DUAL", isCollateralEnabled: false };
  assert.match(refusals.whyNotAdd(closed, "1", "5"), /not taken/);
  assert.match(refusals.whyNotAdd({ symbol: "ETH", isCollateralEnabled: true }, "6", "5"), /You have 5/);
  assert.equal(refusals.whyNotAdd({ symbol: "ETH", isCollateralEnabled: true }, "5", "5"), "");
});

test("collateral that is new to a position comes with its terms", () => {
  const both = risk.withCollateral(worked, "wBTC", "1", { ...eth("0", "60000"), asset: "wBTC" });
  assert.equal(both.collaterals.length, 2);
  assert.equal(risk.withCollateral(both, "wBTC", "0.5").collaterals[1].amount, "1.5");
  assert.equal(risk.liquidationPriceUp(both, "ETH"), null, "the other one covers the debt alone");
});

test("rows of the wire become positions", () => {
  const asset = { symbol: "ETH", decimals: 18, exactPriceUSD: "2", capacityPriceUSD: "1.5", loanToValue: 0.75, liquidationThreshold: 0.82, haircut: 1 };
  const terms = { assets: new Map([["ETH", asset]]), tiers: { Gold: { maxLTV: 0.78 } } };
  const row = { asset: "ETH", debt: "3", creditTier: "Gold", collateral: [{ symbol: "ETH", amount: "9" }] };
  const found = risk.positionOf(row, terms);
  assert.deepEqual(found.debt, { asset: "ETH", amount: "3", places: 18, spot: "2" });
  assert.equal(found.collaterals[0].capacity, "1.5");
  assert.equal(found.tier.maxLTV, 0.78);
});
