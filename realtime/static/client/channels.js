/**
 * What the client knows of each channel: whether it can be resumed, what names a row, how the
 * filters of several subscribers become one request. Pure.
 *
 * A connection holds one subscription per channel, so a request is the union of what is wanted and
 * every subscriber is given its own part of what comes.
 */

/** Key of a row by its field; rows that say `event` instead of carrying the field go by that. */
const by = (field) => (row) => row[field] ?? row.event ?? null;

/**
 * `resumes`: event channels are resumed after a seq, state channels get all rows anew.
 * `key`: names the row that an update replaces; null if rows are facts that replace nothing.
 * `filters`: which field of a row a list in the params admits.
 */
export const CHANNELS = Object.freeze({
  prices: { resumes: false, key: by("asset"), filters: { assets: "asset" } },
  pools: { resumes: false, key: by("poolId"), filters: { pools: "poolId" } },
  positions: {
    resumes: false,
    key: (row) => row.ruleId ?? row.positionId ?? row.kind ?? null,
    filters: { positions: "positionId" },
  },
  liquidations: {
    resumes: true,
    key: null,
    filters: { pools: "poolId", tiers: "tier", stages: "stage" },
  },
  governance: { resumes: true, key: null, filters: { proposals: "proposalId", events: "event" } },
  notifications: { resumes: true, key: by("id"), filters: { categories: "category" } },
});

/** Return the one request that gives every subscriber what it wants; an empty object is "all". */
export function union(channel, wanted) {
  const params = {};
  for (const name of Object.keys(CHANNELS[channel].filters)) {
    if (wanted.length > 0 && wanted.every((one) => one[name]?.length)) {
      params[name] = [...new Set(wanted.flatMap((one) => one[name]))].sort();
    }
  }
  return params;
}

/** Tell whether a subscriber with these params wants the row; rows without the field are for all. */
export function accepts(channel, params, row) {
  return Object.entries(CHANNELS[channel].filters).every(([name, field]) => {
    const admitted = params[name];
    return !admitted?.length || row[field] === undefined || admitted.includes(row[field]);
  });
}
