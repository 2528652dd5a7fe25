import assert from "node:assert/strict";
import { test } from "node:test";

import { BASE_MS, Backoff, CAP_MS } from "../../realtime/static/client/backoff.js";

const waits = (backoff, count) => Array.from({ length: count }, () => backoff.next());

test("the longest wait doubles from 0.5 s to 30 s and stays there", () => {
  const backoff = new Backoff(() => 0.9999999);
  assert.deepEqual(waits(backoff, 8), [499, 999, 1999, 3999, 7999, 15999, 29999, 29999]);
});

test("the jitter is full: the shortest wait is none", () => {
  assert.deepEqual(waits(new Backoff(() => 0), 5), [0, 0, 0, 0, 0]);
});

test("real dice stay inside the bounds and spread", () => {
  const backoff = new Backoff();
  waits(backoff, 10);
  const drawn = waits(backoff, 200);
  assert.ok(drawn.every((wait) => wait >= 0 && wait < CAP_MS));
  assert.ok(Math.max(...drawn) - Math.min(...drawn) > CAP_MS / 2);
});

test("a floor is added to the wait", () => {
  assert.equal(new Backoff(() => 0).next(10_000), 10_000);
});

test("a reset starts again at the base", () => {
  const backoff = new Backoff(() => 0.9999999);
  waits(backoff, 6);
  backoff.reset();
  assert.equal(backoff.next(), BASE_MS - 1);
});

test("a thousand failures overflow nothing", () => {
  const backoff = new Backoff(() => 0.5);
  waits(backoff, 1000);
  assert.equal(backoff.next(), CAP_MS / 2);
});

test("a wait that the server asks for is spread over its time, never longer than the cap", () => {
  const backoff = new Backoff(() => 0.5);
  assert.deepEqual([4_000, 0, -5, 1e9].map((ms) => backoff.within(ms)), [2_000, 0, 0, CAP_MS / 2]);
  assert.equal(backoff.failures, 0);
});
