import assert from "node:assert/strict";
import { test } from "node:test";

import { soon } from "../../realtime/static/ui/soon.js";

test("a storm of askings is one act, and the next asking another", () => {
  const timers = [];
  let acts = 0;
  const ask = soon(() => (acts += 1), 200, (callback, ms) => timers.push({ callback, ms }));
  for (let i = 0; i < 500; i += 1) ask();
  assert.deepEqual([timers.length, timers[0].ms, acts], [1, 200, 0]);
  timers[0].callback();
  assert.equal(acts, 1);
  ask();
  assert.equal(timers.length, 2);
});
