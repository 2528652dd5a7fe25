import assert from "node:assert/strict";
import { test } from "node:test";

import * as orders from "../../realtime/static/trading/orders.js";

const ETH = { coin: "ETH", assetId: "00020001", sizePlaces: 4, pricePlaces: 2, maxLeverage: 10 };
const TICKET = {
  kind: "limit",
  isBuy: true,
  size: "1.50",
  price: "2000.0",
  tif: "Gtc",
  isReduceOnly: false,
  trigger: "",
  tpsl: "sl",
  isMarketTrigger: true,
};

test("a size is above 0 with the market's decimals", () => {
  for (const [size, isSound] of [["1.2345", true], ["1.23450", true], ["1.23456", false], ["0", false], ["-1", false], ["", false], ["x", false]]) {
    assert.equal(orders.sizeProblem(size, ETH) === "", isSound, size);
  }
});

test("a price has five digits, whole numbers excepted, and lies within 5 % of the mark", () => {
  for (const [price, isSound] of [
    ["2000", true], ["1999.5", true], ["1999.55", false], ["2100", true], ["2100.1", false],
    ["2101", false], ["1900", true], ["1899", false], ["0", false], ["", false],
  ]) {
    assert.equal(orders.priceProblem(price, ETH, "2000") === "", isSound, price);
  }
  assert.equal(orders.priceProblem("123456", ETH), "");
  assert.equal(orders.priceProblem("1.234", ETH), "At most 2 decimals.");
});

test("a ticket is judged by the fields that its kind has", () => {
  assert.deepEqual(orders.problems({ ...TICKET, kind: "market", price: "" }, ETH, "2000"), { size: "", price: "", trigger: "", minutes: "" });
  const stop = { ...TICKET, kind: "trigger", price: "", trigger: "" };
  assert.equal(orders.problems(stop, ETH, "2000").trigger, "Enter a price.");
  assert.equal(orders.problems({ ...stop, isMarketTrigger: false }, ETH, "2000").price, "Enter a price.");
  const far = { ...stop, isMarketTrigger: false, price: "1000", trigger: "1000" };
  assert.deepEqual(orders.problems(far, ETH, "2000"), { size: "", price: "", trigger: "", minutes: "" });
});

test("each kind of order is sent as the exchange reads it", () => {
  const sent = (change) => orders.orderAction({ ...TICKET, ...change }, ETH).orders[0];
  assert.deepEqual(sent({}), { a: "00020001", b: true, p: "2000", s: "1.5", t: { limit: { tif: "Gtc" } }, r: false });
  assert.deepEqual(sent({ tif: "Alo", isBuy: false }).t, { limit: { tif: "Alo" } });
  assert.deepEqual(sent({ kind: "market", price: "7" }), { a: "00020001", b: true, p: "0", s: "1.5", t: { limit: { tif: "Ioc" } }, r: false });
  assert.deepEqual(sent({ kind: "trigger", trigger: "1950.0" }), {
    a: "00020001", b: true, p: "0", s: "1.5", t: { trigger: { isMarket: true, triggerPx: "1950", tpsl: "sl" } }, r: false,
  });
  assert.equal(sent({ kind: "trigger", trigger: "1950", isMarketTrigger: false }).p, "2000");
});

test("a position is closed by the opposite order of its whole size, reduce-only", () => {
  const [long] = orders.closeAction("1.5", ETH).orders;
  const [short] = orders.closeAction("-0.25", ETH).orders;
  assert.deepEqual([long.b, long.s, long.r, long.p], [false, "1.5", true, "0"]);
  assert.deepEqual([short.b, short.s], [true, "0.25"]);
});

test("what came of an order is said in words", () => {
  const answer = (status) => ({ response: { data: { statuses: [status] } } });
  assert.deepEqual(orders.outcome(answer({ error: "No margin", code: "X" }), "ETH"), { text: "No margin", isBad: true });
  assert.match(orders.outcome(answer({ filled: { totalSz: "1", avgPx: "2000" } }), "ETH").text, /^Traded 1 ETH at 2000\.$/);
  assert.match(orders.outcome(answer({ filled: { totalSz: "1", avgPx: "2000" }, resting: {} }), "ETH").text, /rest stays/);
  assert.match(orders.outcome(answer({ resting: {} }), "ETH").text, /in the book/);
  assert.match(orders.outcome(answer({}), "ETH").text, /waits/);
  assert.equal(orders.outcome({ wasDone: true }, "ETH").isBad, false);
});

test("value and margin are rounded up", () => {
  assert.deepEqual(orders.cost("1.0001", "2000.01", 10), { value: "2000.22", margin: "200.03" });
  assert.equal(orders.cost("", "1", 1), null);
  assert.equal(orders.cost("1", null, 1), null);
});

test("a position lives with its mark", () => {
  const held = { szi: "-2", entryPx: "2000", marginUsed: "400" };
  const live = orders.livePosition(held, "1990.5");
  assert.deepEqual([live.positionValue, live.unrealizedPnl, live.returnOnEquity], ["3981.00", "19.00", 0.0475]);
  assert.equal(orders.livePosition(held, null), held);
});

test("depth adds up from the best level on", () => {
  const levels = [{ px: "10", sz: "1" }, { px: "9", sz: "3" }, { px: "8", sz: "4" }];
  assert.deepEqual(orders.withDepth(levels, 2).map(({ total, share }) => [total, share]), [["1", 0.25], ["4", 1]]);
  assert.equal(orders.spread([[], levels]), null);
  assert.equal(orders.spread([[{ px: "99" }], [{ px: "101" }]]).absolute, "2");
});

test("a price moves the last candle or opens the next; the list stays bounded", () => {
  const start = [{ t: 0, o: 1, h: 2, l: 1, c: 2 }];
  assert.deepEqual(orders.withPrice(start, 3, 30, 60), [{ t: 0, o: 1, h: 3, l: 1, c: 3 }]);
  const next = orders.withPrice(start, 1.5, 60, 60);
  assert.deepEqual(next[1], { t: 60, o: 2, h: 2, l: 1.5, c: 1.5 });
  assert.equal(orders.withPrice(next, 5, 130, 60, 2).length, 2);
  assert.deepEqual(orders.withPrice([], 5, 130, 60), []);
  assert.equal(orders.withPrice(next, 5, 10, 60), next, "a price of before changes nothing");
});

test("a TWAP order takes whole minutes of a day and asks for no price", () => {
  for (const [minutes, isSound] of [["1", true], ["1440", true], ["0", false], ["1441", false], ["1.5", false], ["", false]]) {
    assert.equal(orders.minutesProblem(minutes) === "", isSound, minutes);
  }
  const twap = { ...TICKET, kind: "twap", price: "", minutes: "5", isRandom: true };
  assert.deepEqual(orders.problems(twap, ETH, "2000"), { size: "", price: "", trigger: "", minutes: "" });
  const asset = ETH.assetId;
  assert.deepEqual(orders.twapAction(twap, ETH), {
    type: "twapOrder", asset, isBuy: true, sz: "1.5", durationMinutes: 5, reduceOnly: false, randomize: true,
  });
});

test("the answer to a TWAP order is told in words", () => {
  const answer = (data) => ({ response: { data } });
  assert.equal(orders.twapOutcome(answer({ status: "pending" })).isBad, false);
  assert.deepEqual(orders.twapOutcome(answer({ error: "Too many" })), { text: "Too many", isBad: true });
  assert.equal(orders.twapOutcome({ wasDone: true }).isBad, false);
});

test("a changed order is sent with its new price and total size", () => {
  const order = { p: "2000", s: "1.5" };
  assert.deepEqual(orders.modifyAction("0x1", "2000.0", "1.50"), { type: "modify", oid: "0x1", order });
});
