/** The way of a proposal: its steps, which of them are done, and what it waits for. Pure. */

/** @typedef {{key: string, title: string, at: string|null, state: "done"|"now"|"next"|"failed"}} Step */

const FAILED = {
  REJECTED: "Rejected",
  QUORUM_NOT_MET: "Quorum missed",
  VETOED: "Vetoed",
  CANCELLED: "Cancelled",
  EXPIRED: "Expired",
};

/** Return the steps of a proposal, a row of REST or of the stream. */
export function stepsOf(row) {
  const steps = [
    { key: "created", title: "Proposed", at: row.createdAt ?? null },
    { key: "vote", title: "Vote ends", at: row.votingEndsAt },
    { key: "timelock", title: "Timelock ends", at: row.timelockEndsAt },
    { key: "execute", title: "Executed by", at: row.executionDeadline },
  ];
  if (row.type === "EMERGENCY_ACTION") steps.splice(1, 0, { key: "sign", title: "Council signs", at: row.coSignedAt ?? null });
  if (row.status in FAILED) return failed(row, steps);
  if (row.status === "EXECUTED") {
    const last = { ...steps.at(-1), title: "Executed", at: row.executedAt ?? row.endedAt ?? null };
    return [...steps.slice(0, -1), last].map((step) => ({ ...step, state: "done" }));
  }
  const present = { DRAFT: "sign", ACTIVE: "vote", PASSED: "timelock", TIMELOCK: "timelock", READY: "execute" }[row.status];
  const index = steps.findIndex(({ key }) => key === present);
  return steps.map((step, i) => ({ ...step, state: i < index ? "done" : i === index ? "now" : "next" }));
}

/** It ended on the way: what had not come by then is left out. */
function failed(row, steps) {
  const end = row.endedAt ?? row.votingEndsAt;
  const done = steps.filter(({ at }) => at !== null && at < end);
  const isVote = row.status === "REJECTED" || row.status === "QUORUM_NOT_MET";
  const kept = isVote ? done.filter(({ key }) => key === "created" || key === "sign") : done;
  return [
    ...kept.map((step) => ({ ...step, state: "done" })),
    { key: "end", title: FAILED[row.status], at: end, state: "failed" },
  ];
}

/** Return {text, at} of what a proposal waits for; null once it is over. */
export function waitsFor(row) {
  switch (row.status) {
    case "DRAFT":
      return { text: "Lapses without the council in", at: row.votingEndsAt };
    case "ACTIVE":
      return { text: "Vote ends in", at: row.votingEndsAt };
    case "PASSED":
    case "TIMELOCK":
      return { text: "Timelock ends in", at: row.timelockEndsAt };
    case "READY":
      return { text: "Can be executed for", at: row.executionDeadline };
    default:
      return null;
  }
}

