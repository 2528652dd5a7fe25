/** Why a price is frozen and until when, in words. Knows rows of prices and of the oracle's status, no page. */

export const REASONS = {
  jump: "left the range of the last minute by more than 10 %",
  drift: "left its 5-minute average by more than 20 %",
  spread: "stands still: two sources are more than 2 % apart",
  no_source: "stands still: no source answers",
};
const SOON_MS = 600_000; // a replay's clock is another one: what it says of its release is no time of day

export const isFrozen = (row) => Boolean(row?.stale || row?.circuitBreaker);

/** Return when the breaker may release at the earliest, as ISO text, or null if nobody can know. */
export function releaseOf(state, now) {
  const at = state?.releasesAt ?? null;
  return at !== null && Math.abs(Date.parse(at) - now) < SOON_MS ? at : null;
}

/**
 * Say why it is frozen and when it goes on; `state` is the asset's row of the status, undefined while it
 * is not known; `clock` writes a moment of ISO text as a time of day.
 */
export function whyFrozen(row, state, now, clock) {
  if (!row.circuitBreaker) return "No valid price arrives; it goes on with the next one.";
  const why = REASONS[state?.tripReason];
  const first = why ? `The price ${why}, so the breaker holds the last valid one.` : "The breaker holds the last valid price.";
  if (!state) return first;
  const isAlone = !state.feed?.includes("+");
  const at = releaseOf(state, now);
  const when = at === null || Date.parse(at) <= now ? "" : `, at ${clock(at)} at the earliest`;
  const release = isAlone ? `once its source has kept to one level for a minute${when}` : "once two sources agree within 2 %";
  return `${first} It goes on ${release}, or when staff release it.`;
}
