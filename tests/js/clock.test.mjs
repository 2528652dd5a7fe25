import assert from "node:assert/strict";
import { test } from "node:test";

import { wakefulClock } from "../../realtime/static/client/clock.js";
import { onLateTick } from "../../realtime/static/client/wake.js";

function device() {
  const time = { steady: 1_000, wall: 5_000_000 };
  const pass = (ms, isAwake = true) => {
    if (isAwake) time.steady += ms;
    time.wall += ms;
  };
  return { time, pass, now: wakefulClock(() => time.steady, () => time.wall) };
}

test("the clock goes on as the steady one does", () => {
  const { pass, now } = device();
  assert.equal(now(), 1_000);
  pass(250);
  assert.equal(now(), 1_250);
});

test("what the device has slept is counted, each time it sleeps", () => {
  const { pass, now } = device();
  pass(3_600_000, false);
  assert.equal(now(), 3_601_000);
  pass(1_000);
  pass(60_000, false);
  assert.equal(now(), 3_662_000);
});

test("a clock that is set back, or right by a little, changes nothing", () => {
  const { time, pass, now } = device();
  time.wall -= 3_600_000;
  assert.equal(now(), 1_000);
  time.wall += 900;
  assert.equal(now(), 1_000);
  pass(60_000, false);
  assert.equal(now(), 61_000);
});

test("a tick that comes late tells of sleep, once", () => {
  let [now, told, tick] = [0, 0, null];
  const timers = { setTimer: (callback) => ((tick = callback), 7), clearTimer: (timer) => (tick = timer) };
  const end = onLateTick(() => (told += 1), { clock: { now: () => now }, ...timers });
  for (const ms of [1_000, 1_000, 9_000]) {
    now += ms;
    tick();
  }
  assert.equal(told, 0);
  now += 30_000;
  tick();
  now += 1_000;
  tick();
  assert.equal(told, 1);
  end();
  assert.equal(tick, 7);
});
