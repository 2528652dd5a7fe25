import assert from "node:assert/strict";
import { test } from "node:test";

import { bonusAt, corners } from "../../realtime/static/lending/bonus.js";

const FREE = { most: 0.05, clockSeconds: 300, cap: null };
const CAPPED = { most: 0.05, clockSeconds: 300, cap: 0.03 };

test("the bonus rises in a straight line and stands still outside of the clock", () => {
  assert.equal(bonusAt(FREE, -5), 0);
  assert.equal(bonusAt(FREE, 150), 0.025);
  assert.equal(bonusAt(FREE, 900), 0.05);
});

test("a cap makes a corner, one above the curve or at nothing makes none", () => {
  assert.deepEqual(corners(FREE), [[0, 0], [300, 0.05]]);
  assert.deepEqual(corners(CAPPED), [[0, 0], [180, 0.03], [300, 0.03]]);
  assert.deepEqual(corners({ ...FREE, cap: 0.2 }), [[0, 0], [300, 0.05]]);
  assert.deepEqual(corners({ ...FREE, cap: 0 }), [[0, 0], [300, 0]]);
});
