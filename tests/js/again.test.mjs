import assert from "node:assert/strict";
import { test } from "node:test";

import { AGAIN_MS, persistent } from "../../realtime/static/client/again.js";
import { Refusal } from "../../realtime/static/client/api.js";
import { FakeClock, settled } from "./fakes.mjs";

/** A reader that fails with these in turn (null: it succeeds), and what it was told. */
function reader(...ends) {
  const clock = new FakeClock();
  const [reads, told] = [[], []];
  const read = async () => {
    reads.push(clock.now());
    const end = ends.shift() ?? null;
    if (end) throw end;
  };
  const options = { setTimer: clock.setTimeout, clearTimer: clock.clearTimeout, random: () => 0 };
  return { clock, reads, told, run: persistent(read, (error) => told.push(error.status), options) };
}

const refusal = (status, retryAfter = null) => new Refusal({ code: "X", status, message: "x", retryAfter });

test("what fails for want of an answer is read again until it is there", async () => {
  const { clock, reads, told, run } = reader(refusal(0), refusal(503));
  await run();
  await clock.pass(10 * AGAIN_MS);
  assert.deepEqual(reads, [0, AGAIN_MS, 2 * AGAIN_MS]);
  assert.deepEqual(told, [0, 503]);
  assert.equal(clock.pending, 0);
});

test("a busy server is left alone for as long as it says", async () => {
  const { clock, reads, run } = reader(refusal(429, 60));
  await run();
  await clock.pass(59_999);
  assert.equal(reads.length, 1);
  await clock.pass(1);
  assert.equal(reads.length, 2);
});

test("a refusal and a bug are told and not tried again", async () => {
  const { clock, reads, told, run } = reader(refusal(404), new TypeError("mine"));
  await run();
  await run();
  await clock.pass(10 * AGAIN_MS);
  assert.equal(reads.length, 2);
  assert.deepEqual(told, [404, undefined]);
});

test("a reading in between takes the place of the one that waits", async () => {
  const { clock, reads, run } = reader(refusal(0));
  await run();
  await clock.pass(1_000);
  await run();
  await settled();
  await clock.pass(10 * AGAIN_MS);
  assert.deepEqual(reads, [0, 1_000]);
});
