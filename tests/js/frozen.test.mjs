import assert from "node:assert/strict";
import { test } from "node:test";
import { isFrozen, releaseOf, whyFrozen } from "../../realtime/static/oracle/frozen.js";

const NOW = Date.parse("2026-03-01T12:00:00Z");
const halted = { asset: "CC", stale: false, circuitBreaker: true };
const state = (more) => ({ tripReason: "jump", feed: "simulated", releasesAt: "2026-03-01T12:00:40Z", ...more });
const clock = (iso) => iso.slice(11, 19);
const why = (row, told) => whyFrozen(row, told, NOW, clock);

test("a price is frozen while it is stale or its breaker is tripped", () => {
  assert.equal(isFrozen({ stale: false, circuitBreaker: false }), false);
  assert.equal(isFrozen(undefined), false);
  assert.equal(isFrozen({ stale: true, circuitBreaker: false }), true);
  assert.equal(isFrozen(halted), true);
});

test("a halted price says what tripped it and when it goes on at the earliest", () => {
  const text = why(halted, state());
  assert.match(text, /left the range of the last minute by more than 10 %/);
  assert.match(text, /kept to one level for a minute, at 12:00:40 at the earliest, or when staff/);
});

test("no time is said that has passed or is another clock's", () => {
  assert.doesNotMatch(why(halted, state({ releasesAt: "2026-03-01T11:59:59Z" })), /earliest/);
  assert.doesNotMatch(why(halted, state({ releasesAt: "2020-03-01T12:00:40Z" })), /earliest/);
  assert.equal(releaseOf(state({ releasesAt: "2020-03-01T12:00:40Z" }), NOW), null);
  assert.equal(releaseOf(undefined, NOW), null);
});

test("of several sources two have to agree", () => {
  assert.match(why(halted, state({ feed: "a+b", tripReason: "spread", releasesAt: null })), /once two sources agree within 2 %/);
});

test("what is not known yet is not said", () => {
  assert.equal(why(halted, undefined), "The breaker holds the last valid price.");
  assert.match(why({ stale: true, circuitBreaker: false }, undefined), /goes on with the next one/);
});
