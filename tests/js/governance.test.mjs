import assert from "node:assert/strict";
import { test } from "node:test";

import { pictureOf, withVote } from "../../realtime/static/governance/tally.js";
import { stepsOf, waitsFor } from "../../realtime/static/governance/timeline.js";
import { fieldName, shown, weight } from "../../realtime/static/governance/words.js";

const row = (votesFor, votesAgainst, votesAbstain, more = {}) => ({
  votesFor,
  votesAgainst,
  votesAbstain,
  totalVoters: 2,
  quorumRequired: "100000000.00000000",
  status: "ACTIVE",
  type: "PARAMETER_CHANGE",
  createdAt: "2026-03-01T00:00:00.000Z",
  votingEndsAt: "2026-03-06T00:00:00.000Z",
  timelockEndsAt: "2026-03-08T00:00:00.000Z",
  executionDeadline: "2026-03-15T00:00:00.000Z",
  ...more,
});

test("abstentions count for the quorum, votes against do not", () => {
  const met = pictureOf(row("90000000", "5000000", "10000000"));
  assert.equal(met.isMet, true);
  assert.equal(met.missing, "0");
  assert.equal(met.total, "105000000");
  const missed = pictureOf(row("90000000", "11000000", "0"));
  assert.equal(missed.isMet, false);
  assert.equal(missed.missing, "10000000.00000000");
  assert.equal(missed.reached, 0.9);
});

test("the bar is as long as the quorum until the votes are more", () => {
  const few = pictureOf(row("20000000", "5000000", "0"));
  assert.deepEqual([few.lengths, few.quorum], [[0.2, 0.05, 0], 1]);
  assert.deepEqual(few.shares, [0.8, 0.2, 0]);
  const many = pictureOf(row("150000000", "50000000", "0"));
  assert.deepEqual([many.lengths, many.quorum], [[0.75, 0.25, 0], 0.5]);
  assert.deepEqual(pictureOf(row("0", "0", "0")).shares, [0, 0, 0]);
});

test("a vote adds to its direction, a changed one also leaves the other", () => {
  const first = withVote(row("99999999.5", "0", "0"), "FOR", "0.50000000");
  assert.deepEqual(first, { totalVoters: 3, votesFor: "100000000.00000000", quorumMet: true });
  const changed = withVote(row("10", "5", "0"), "AGAINST", "10", "FOR");
  assert.deepEqual(changed, { votesFor: "0", votesAgainst: "15", quorumMet: false });
});

const states = (steps) => steps.map(({ key, state }) => `${key}:${state}`);

test("the steps of a proposal follow its status", () => {
  const of = (status, more) => states(stepsOf(row("0", "0", "0", { status, ...more })));
  assert.deepEqual(of("ACTIVE"), ["created:done", "vote:now", "timelock:next", "execute:next"]);
  assert.deepEqual(of("TIMELOCK"), ["created:done", "vote:done", "timelock:now", "execute:next"]);
  assert.deepEqual(of("READY"), ["created:done", "vote:done", "timelock:done", "execute:now"]);
  assert.deepEqual(of("EXECUTED"), ["created:done", "vote:done", "timelock:done", "execute:done"]);
  assert.deepEqual(of("DRAFT", { type: "EMERGENCY_ACTION" }), [
    "created:done", "sign:now", "vote:next", "timelock:next", "execute:next",
  ]);
});

test("a proposal that ended on the way ends there", () => {
  const of = (status, endedAt) => states(stepsOf(row("0", "0", "0", { status, endedAt })));
  assert.deepEqual(of("REJECTED", "2026-03-06T00:00:01.000Z"), ["created:done", "end:failed"]);
  assert.deepEqual(of("VETOED", "2026-03-07T00:00:00.000Z"), ["created:done", "vote:done", "end:failed"]);
  assert.deepEqual(of("EXPIRED", "2026-03-15T00:00:01.000Z"), [
    "created:done", "vote:done", "timelock:done", "execute:done", "end:failed",
  ]);
});

test("what is waited for is told with its moment", () => {
  assert.deepEqual(waitsFor(row("0", "0", "0")), { text: "Vote ends in", at: "2026-03-06T00:00:00.000Z" });
  assert.equal(waitsFor(row("0", "0", "0", { status: "READY" })).at, "2026-03-15T00:00:00.000Z");
  assert.equal(waitsFor(row("0", "0", "0", { status: "VETOED" })), null);
});

test("values are said as people read them", () => {
  assert.equal(shown("kink", "0.85"), "85.00%");
  assert.equal(shown("supplyCap", "1000000000"), "$1.00B");
  assert.equal(shown("isCollateral", "false"), "no");
  assert.equal(shown("treasury", "1000"), "1,000");
  assert.equal(shown("source", "manual"), "Entered by staff");
  assert.equal(shown("base", null), "none");
  assert.equal(fieldName("poolId"), "Pool");
  assert.equal(fieldName("borrowCap"), "Borrow cap");
  assert.equal(weight("90000000.00000000"), "90M");
  assert.equal(weight("12.50000000"), "12.5");
});
