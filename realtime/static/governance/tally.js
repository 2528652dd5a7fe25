/**
 * What a tally looks like: shares of the votes, how far it is to the quorum. Pure.
 *
 * Sums are exact; what is drawn is a float. Quorum counts votes for and abstentions.
 */

import { add, compare, isZero, max, subtract, sum } from "../ui/decimal.js";

export const DIRECTIONS = ["FOR", "AGAINST", "ABSTAIN"];
const FIELDS = { FOR: "votesFor", AGAINST: "votesAgainst", ABSTAIN: "votesAbstain" };

/** Return the weight of a direction in a proposal's row. */
export const weightOf = (row, direction) => row[FIELDS[direction]];

/**
 * Return {total, counted, missing, scale, shares, quorum}: texts, and floats of the bar's length.
 *
 * The bar is as long as all votes, or as the quorum where that is more: `quorum` is its mark.
 * `shares` are of all votes, `lengths` of the bar.
 */
export function pictureOf(row) {
  const weights = DIRECTIONS.map((direction) => weightOf(row, direction));
  const total = sum(weights);
  const counted = add(row.votesFor, row.votesAbstain);
  const isMet = compare(counted, row.quorumRequired) >= 0;
  const scale = max(total, row.quorumRequired);
  const part = (text, of) => (isZero(of) ? 0 : Number(text) / Number(of));
  return {
    total,
    counted,
    missing: isMet ? "0" : subtract(row.quorumRequired, counted),
    isMet,
    reached: part(counted, row.quorumRequired),
    shares: weights.map((weight) => part(weight, total)),
    lengths: weights.map((weight) => part(weight, scale)),
    quorum: part(row.quorumRequired, scale),
  };
}

/** Return the fields of a row after a vote, for showing it before the server has counted it. */
export function withVote(row, direction, weight, before = null) {
  const patch = {};
  if (before !== null) patch[FIELDS[before]] = subtract(row[FIELDS[before]], weight);
  else patch.totalVoters = row.totalVoters + 1;
  const field = FIELDS[direction];
  patch[field] = add(patch[field] ?? row[field], weight);
  const after = { ...row, ...patch };
  patch.quorumMet = compare(add(after.votesFor, after.votesAbstain), row.quorumRequired) >= 0;
  return patch;
}
